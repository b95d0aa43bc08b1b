"""``sayso voices``: list the installed voices."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from sayso.bootstrap import installed_voices
from sayso.cli.options import JsonOption
from sayso.errors import InvalidInput, ModelMissing


def complete_language(incomplete: str) -> list[str]:
    """The languages that begin so, for the completion of a shell."""
    from sayso.bootstrap.model_needs import MODELS, known_voices

    tags = {voice.language for engine in MODELS for voice in known_voices(engine)}
    return [tag for tag in sorted(tags) if tag.startswith(incomplete.lower())]


def voices(
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Only those of a language: en, en-gb, fr, french …",
            autocompletion=complete_language,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show the voices of the installed models, with language and engine."""
    from sayso.settings import load_settings

    found = list(installed_voices(load_settings()))
    if not found:
        raise ModelMissing("No model with voices is here", hint="Run: sayso models pull kokoro-82m-int8 kokoro-voices")
    wanted = [voice for voice in found if language is None or _speaks(voice.language, language)]
    if as_json:
        typer.echo(json.dumps({"voices": [asdict(voice) for voice in wanted]}, ensure_ascii=False))
        return
    if not wanted:
        there = ", ".join(sorted({voice.language for voice in found}))
        raise InvalidInput(f"No voice speaks {language!r}", hint=f"There are voices for: {there}.")
    for voice in wanted:
        typer.echo(f"{voice.name:20} {voice.language:8} {voice.engine}")


def _speaks(tag: str, wanted: str) -> bool:
    """Whether a voice's language is the one that is wanted: by its tag, a part of it, or its English name."""
    wanted = wanted.strip().lower().replace("_", "-")
    base, _, region = wanted.partition("-")
    base = _NAMES.get(base, base)
    if base != tag.partition("-")[0]:
        return False
    return not region or "-" not in tag or tag == f"{base}-{region}"


_NAMES = {
    "english": "en",
    "spanish": "es",
    "french": "fr",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "portuguese": "pt",
    "chinese": "cmn",
    "mandarin": "cmn",
    "zh": "cmn",
}
"""Names of languages, and another code of Mandarin, by the code that voices have."""
