"""Each role reads its own settings, and roles that share a process agree about what they share."""

from __future__ import annotations

import pickle
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from pydantic import AliasChoices, Field, SecretStr

from sayso.bootstrap.plan import ProcessPlan
from sayso.bootstrap.roles import ROLES, roles_named
from sayso.errors import InvalidInput
from sayso.settings import (
    ApiSettings,
    CardsSettings,
    ProcessSettings,
    Settings,
    StoriesSettings,
    SyncSettings,
    load_role_settings,
    load_settings,
    variables,
)

if TYPE_CHECKING:
    from pathlib import Path

APART = "Run each role in a process of its own."


class SyncLike(ProcessSettings):
    """A service that another one replaces, with defaults of its own."""

    port: int = Field(default=8080, validation_alias="PORT", description="Port to listen on.")
    aws_region: str | None = Field(default="us-west-2", validation_alias="AWS_REGION", description="Region of AWS.")


class CardsLike(ProcessSettings):
    """A service to which a variable means something else."""

    audio_base_url: str = Field(
        default="http://localhost",
        validation_alias=AliasChoices("SAYSO_CARDS_PUBLIC_BASE_URL", "PUBLIC_BASE_URL"),
        description="The address at which audio files are served.",
    )


class ForeignDatabase(ProcessSettings):
    """A service to which a variable means something else, and which has none of its own."""

    foreign_url: str | None = Field(default=None, validation_alias="DATABASE_URL", description="Another's database.")


class ForeignBucket(ProcessSettings):
    """The same, where no role has a variable of its own."""

    foreign_bucket: str | None = Field(default=None, validation_alias="OUTPUT_BUCKET", description="Another's bucket.")


class Narrow(ProcessSettings):
    """A service that reads a variable as another kind of value."""

    places: str = Field(default="64", validation_alias="SAYSO_PLACES", description="A name.")


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Settings, SyncLike, CardsLike, ForeignDatabase, ForeignBucket):
        for field in kind.model_fields.values():
            for name in variables(field):
                monkeypatch.delenv(name, raising=False)


# Roles that agree


IN_UP = [name for name, role in ROLES.items() if role.in_up]


@pytest.mark.parametrize("names", [names for count in (1, 2) for names in combinations(IN_UP, count)], ids="+".join)
def test_the_roles_that_there_are_share_a_process(names: tuple[str, ...]) -> None:
    """With nothing set, as `sayso up` starts; each has the settings of its own kind."""
    plan = ProcessPlan.load(roles_named(names))
    assert {name: type(settings) for name, settings in plan.settings.items()} == {
        name: ROLES[name].settings() for name in names
    }


def test_sync_has_the_defaults_of_the_service_that_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another role in the process they have to be set; then a directory of models is one for both."""
    (alone,) = ProcessPlan.load(roles_named(["sync"])).settings.values()
    assert isinstance(alone, SyncSettings)
    assert (alone.port, alone.aws_region, str(alone.sync_base_path)) == (8080, "us-west-2", "/models")
    with pytest.raises(InvalidInput, match=r"PORT is not set, and its default is 8000 for api and 8080 for sync"):
        ProcessPlan.load(roles_named(["api", "sync"]))
    for name, value in {"PORT": "9000", "AWS_REGION": "eu-west-3", "MODELS_BASE_PATH": "/srv/models"}.items():
        monkeypatch.setenv(name, value)
    settings = ProcessPlan.load(roles_named(["api", "sync"])).settings
    assert isinstance(settings["sync"], SyncSettings)
    assert str(settings["sync"].sync_base_path) == "/srv/models"


def test_variables_of_replaced_services_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that mean different things elsewhere are one thing to these roles, so that both may be in one process."""
    values = {
        "PORT": "9000",
        "AWS_REGION": "eu-west-3",
        "MODELS_BASE_PATH": "/srv/models",
        "DATABASE_URL": "postgresql://host/name",
        "PUBLIC_BASE_URL": "https://speech.example.com",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    api, stories = ProcessPlan.load(roles_named(["api", "stories"])).settings.values()
    assert isinstance(api, ApiSettings)
    assert isinstance(stories, StoriesSettings)
    shared = ApiSettings.model_fields.keys() & StoriesSettings.model_fields.keys()
    assert {name: getattr(api, name) for name in shared} == {name: getattr(stories, name) for name in shared}
    assert (api.port, api.aws_region, str(api.models_base_path)) == (9000, "eu-west-3", "/srv/models")


def test_a_role_does_not_read_what_only_another_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that cannot be used stops the roles that read it."""
    monkeypatch.setenv("SAYSO_STORIES_AT_ONCE", "many")
    ProcessPlan.load(roles_named(["api"]))
    with pytest.raises(InvalidInput, match="SAYSO_STORIES_AT_ONCE"):
        ProcessPlan.load(roles_named(["stories"]))


def test_the_commands_read_what_every_role_reads_now() -> None:
    """`Settings` has each field of the roles that narrate, with the same variable and default."""
    for kind in (ApiSettings, StoriesSettings):
        for name, field in kind.model_fields.items():
            assert variables(Settings.model_fields[name]) == variables(field)
            assert Settings.model_fields[name].default == field.default


def test_settings_travel_to_another_process() -> None:
    """An attempt in a process of its own has those of the worker."""
    settings = StoriesSettings(stories_at_once=7)
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 -- our own


def test_values_are_replaced_where_they_are_read(tmp_path: Path) -> None:
    """What `sayso up` brings is for each role that has a use for it."""
    plan = ProcessPlan.load(roles_named(["api", "stories"])).replaced(data_dir=tmp_path, worker_name="up")
    api, stories = plan.settings["api"], plan.settings["stories"]
    assert isinstance(api, ApiSettings)
    assert isinstance(stories, StoriesSettings)
    assert api.data_dir == stories.data_dir == tmp_path
    assert stories.worker_name == "up"
    assert not hasattr(api, "worker_name")


# Roles that do not


def test_defaults_that_differ_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, both roles and both defaults are named; once it is set, they agree."""
    kinds: dict[str, type[ProcessSettings]] = {"api": ApiSettings, "sync": SyncLike}
    with pytest.raises(InvalidInput) as caught:
        load_role_settings(kinds)
    assert caught.value.message == (
        "These roles cannot share a process: PORT is not set, and its default is 8000 for api and 8080 for "
        "sync; AWS_REGION is not set, and its default is nothing for api and us-west-2 for sync."
    )
    assert caught.value.hint == "Set PORT and AWS_REGION, or run each role in a process of its own."
    monkeypatch.setenv("PORT", "8000")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert {settings.port for settings in load_role_settings(kinds).values()} == {8000}


def test_the_command_line_settles_what_defaults_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is given is everybody's."""
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    settings = load_role_settings({"api": ApiSettings, "sync": SyncLike}, {"port": 9000})
    assert {own.port for own in settings.values()} == {9000}


def test_alone_a_role_has_its_own_default() -> None:
    """As the service that it replaces."""
    assert load_role_settings({"sync": SyncLike})["sync"].port == 8080


def test_meanings_that_differ_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """One value cannot be right for both; the role's own variable settles it."""
    kinds: dict[str, type[ProcessSettings]] = {"api": ApiSettings, "cards": CardsLike}
    load_role_settings(kinds)
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://speech.example.com")
    with pytest.raises(InvalidInput) as caught:
        load_role_settings(kinds)
    assert caught.value.message == (
        "These roles cannot share a process: PUBLIC_BASE_URL means different things to api (The public address of "
        "this service, for links; by default the address of the request) and cards (The address at which audio "
        "files are served)."
    )
    assert caught.value.hint == "Set SAYSO_CARDS_PUBLIC_BASE_URL, or run each role in a process of its own."
    monkeypatch.setenv("SAYSO_CARDS_PUBLIC_BASE_URL", "https://audio.example.com")
    settings = load_role_settings(kinds)
    api, cards = settings["api"], settings["cards"]
    assert isinstance(api, ApiSettings)
    assert isinstance(cards, CardsLike)
    assert api.public_base_url == "https://speech.example.com"
    assert cards.audio_base_url == "https://audio.example.com"


def test_an_error_names_the_variable_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not another one of the same setting, which the operator may never have seen."""
    monkeypatch.setenv("PUBLIC_BASE_URL", "cards.example.com")
    with pytest.raises(InvalidInput, match=r": PUBLIC_BASE_URL: it must be a URL"):
        load_settings(CardsSettings)
    monkeypatch.setenv("SAYSO_CARDS_PUBLIC_BASE_URL", "audio.example.com")
    with pytest.raises(InvalidInput, match=r": SAYSO_CARDS_PUBLIC_BASE_URL: it must be a URL"):
        load_settings(CardsSettings)


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_variable_that_is_empty_says_nothing(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """It counts as unset here, too."""
    monkeypatch.setenv("PUBLIC_BASE_URL", value)
    load_role_settings({"api": ApiSettings, "cards": CardsLike})


def test_what_no_variable_settles_is_for_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint does not name a variable where setting it does not help, even if it helps elsewhere."""
    monkeypatch.setenv("OUTPUT_BUCKET", "stories")
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://speech.example.com")
    kinds: dict[str, type[ProcessSettings]] = {"api": ApiSettings, "cards": CardsLike, "other": ForeignBucket}
    with pytest.raises(InvalidInput, match=r"OUTPUT_BUCKET means different things to api .* and other") as caught:
        load_role_settings(kinds)
    assert caught.value.hint == APART


def test_one_database_may_be_the_applications_and_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL is right for both; SAYSO_DATABASE_URL and SAYSO_CARDS_DATABASE_URL set them apart."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/application")
    plan = ProcessPlan.load(roles_named(["api", "stories"])).settings
    kinds: dict[str, type[ProcessSettings]] = {"stories": StoriesSettings, "cards": CardsSettings}
    cards = load_role_settings(kinds)["cards"]
    assert isinstance(cards, CardsSettings)
    assert cards.database_url == cards.cards_database_url == SecretStr("postgresql://host/application")
    assert isinstance(plan["api"], ApiSettings)
    monkeypatch.setenv("SAYSO_DATABASE_URL", "postgresql://host/sayso")
    cards = load_role_settings(kinds)["cards"]
    assert isinstance(cards, CardsSettings)
    assert cards.database_url == SecretStr("postgresql://host/sayso")
    assert cards.cards_database_url == SecretStr("postgresql://host/application")


def test_given_values_are_no_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command decides itself is not decided by a variable that means something else elsewhere."""
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://speech.example.com")
    kinds: dict[str, type[ProcessSettings]] = {"api": ApiSettings, "cards": CardsSettings}
    with pytest.raises(InvalidInput, match="PUBLIC_BASE_URL means different things to api"):
        load_role_settings(kinds)
    cards = load_role_settings(kinds, {"cards_public_base_url": "https://speech.example.com/cards"})["cards"]
    assert isinstance(cards, CardsSettings)
    assert cards.cards_public_base_url == "https://speech.example.com/cards"


def test_every_language_has_a_setting_for_its_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    """English and French by name, and any other by the form of its variable."""
    monkeypatch.setenv("SAYSO_VOICE_FR", "verse,ff_siwis")
    monkeypatch.setenv("SAYSO_VOICE_ES", "ef_dora")
    monkeypatch.setenv("SAYSO_VOICE_PT_BR", " pf_dora ")
    monkeypatch.setenv("SAYSO_VOICE_DE", "")
    assert CardsSettings().voices == {"fr": "verse,ff_siwis", "es": "ef_dora", "pt-br": "pf_dora"}


def test_a_value_that_is_read_differently_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a number by one, and as a name by the other."""
    monkeypatch.setenv("SAYSO_PLACES", "10")
    with pytest.raises(InvalidInput, match="SAYSO_PLACES is read differently by api and narrow") as caught:
        load_role_settings({"api": ApiSettings, "narrow": Narrow})
    assert caught.value.hint == APART


def test_no_secret_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a variable that roles disagree about stays out of the error."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:S3cret@host/name")
    with pytest.raises(InvalidInput) as caught:
        load_role_settings({"api": ApiSettings, "other": ForeignDatabase})
    assert "S3cret" not in f"{caught.value} {caught.value.hint}"
