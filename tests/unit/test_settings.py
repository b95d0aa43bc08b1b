"""Settings say what the environment says, and name what is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.errors import InvalidInput
from sayso.settings import Settings, load_settings, variables


def test_every_setting_is_documented_and_names_its_variable() -> None:
    """Each field has a description and the name of its variable, in capitals."""
    for field in Settings.model_fields.values():
        assert field.description
        assert all(name.isupper() for name in variables(field))


def test_an_empty_environment_gives_working_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be set, and an empty variable counts as unset."""
    for field in Settings.model_fields.values():
        for name in variables(field):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODELS_BASE_PATH", "")
    settings = load_settings()
    assert settings.models_base_path.is_absolute()
    assert settings.models_base_path.parts[-2:] == ("sayso", "models")
    assert settings.kokoro_voice == "af_heart"
    assert settings.cache_max_bytes == 2 * 2**30
    assert not settings.offline


def test_paths_do_not_depend_on_the_current_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative path and a home directory are made absolute when they are read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELS_BASE_PATH", "models")
    monkeypatch.setenv("SAYSO_CACHE_DIR", "~/speech")
    settings = load_settings()
    assert settings.models_base_path == tmp_path / "models"
    assert settings.cache_dir == Path.home() / "speech"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAYSO_CACHE_MAX_BYTES", "plenty"),
        ("SAYSO_SYNTHESIS_WORKERS", "-17"),
        ("SAYSO_OFFLINE", "perhaps"),
        ("SAYSO_MODELS_S3", "bucket-without-scheme"),
        ("AWS_ENDPOINT_URL", "ftp://user:secret@host"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error names the variable and what is wrong with it, but never prints the value, which may be a secret."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=name) as caught:
        load_settings()
    assert value not in str(caught.value)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings does not print a secret."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    assert "hush-hush" not in repr(load_settings())


@pytest.mark.parametrize(
    ("variable", "written", "read"),
    [("PRIMARY_SERVICE", "OpenAI", "openai"), ("WHISPER_PRIMARY_SERVICE", " LOCAL\n", "local")],
)
def test_a_choice_may_be_written_in_any_case(
    monkeypatch: pytest.MonkeyPatch, variable: str, written: str, read: str
) -> None:
    """A setting with a few possible words takes them as people write them."""
    monkeypatch.delenv("PRIMARY_SERVICE", raising=False)
    monkeypatch.setenv(variable, written)
    assert load_settings().primary_service == read
    monkeypatch.setenv(variable, "Closed AI")
    with pytest.raises(InvalidInput, match=variable):
        load_settings()


def test_white_space_around_a_value_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a secret whose file ends in a newline, or of a quoted list; white space alone counts as unset."""
    for name, value in {
        "DATABASE_URL": "postgresql://u:p@host/name?sslmode=require\n",
        "OPENAI_API_KEY": " sk-123\r\n",
        "PUBLIC_BASE_URL": "https://speech.example.com\n",
        "QUEUE_URL": "https://sqs/1/q\n",
        "LOG_LEVEL": "info\n",
        "PORT": "8001\n",
        "SAYSO_API_KEYS": " a:speech:1 ,\n b:jobs:2 \n",
        "SAYSO_DATA": "/srv/sayso\n",
        "OUTPUT_BUCKET": " \n",
        "SAYSO_KEEP_JOBS_DAYS": " ",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:p@host/name?sslmode=require"
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-123"
    assert settings.public_base_url == "https://speech.example.com"
    assert settings.queue_url == "https://sqs/1/q"
    assert (settings.log_level, settings.port, settings.data_dir) == ("info", 8001, Path("/srv/sayso"))
    assert settings.api_keys == ("a:speech:1", "b:jobs:2")
    assert settings.output_bucket is None
    assert settings.keep_jobs_days is None


def test_numbers_beyond_all_reason_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By each numeric setting: they would end threads, queries or the start with an overflow."""
    for field in Settings.model_fields.values():
        is_float = "float" in str(field.annotation)
        if not is_float and "int" not in str(field.annotation):
            continue
        name = variables(field)[0]
        for value in ["99999999999999999999", *(["inf", "1e400", "1e18", "nan"] if is_float else [])]:
            with monkeypatch.context() as patch:
                patch.setenv(name, value)
                with pytest.raises(InvalidInput, match=name):
                    load_settings()


def test_large_numbers_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred years, thirty years in seconds, and more bytes than any disk has."""
    monkeypatch.setenv("SAYSO_KEEP_NARRATIONS_DAYS", "36500")
    monkeypatch.setenv("SAYSO_SHUTDOWN_SECONDS", "1e9")
    monkeypatch.setenv("SAYSO_CACHE_MAX_BYTES", str(2**62))
    settings = load_settings()
    assert settings.keep_narrations_days == 36_500
    assert settings.shutdown_seconds == 1e9
    assert settings.cache_max_bytes == 2**62


@pytest.mark.parametrize(
    ("name", "value", "scheme"),
    [
        ("QUEUE_URL", "arn:aws:sqs:us-east-1:123456789012:stories", "http:// or https://"),
        ("DLQ_URL", '"https://sqs.us-east-1.amazonaws.com/1/dead"', "http:// or https://"),
        ("PUBLIC_BASE_URL", "speech.example.com", "http:// or https://"),
        ("SAYSO_MODELS_S3", "https://bucket/models", "s3://"),
    ],
)
def test_what_is_no_url_is_said_in_words(monkeypatch: pytest.MonkeyPatch, name: str, value: str, scheme: str) -> None:
    """And not as a pattern."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert f"{name}: it must be a URL that begins with {scheme}, without quotes or spaces." in caught.value.message
