"""``sayso voices``: list the installed voices."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from sayso.bootstrap import installed_voices
from sayso.cli.options import JsonOption
from sayso.errors import ModelMissing


def voices(
    language: Annotated[
        str | None, typer.Option("--language", "-l", metavar="TAG", help="Only those of a language: en, en-gb, fr …")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show the voices of the installed models, with language and engine."""
    from sayso.settings import load_settings

    found = list(installed_voices(load_settings()))
    if not found:
        raise ModelMissing("No model with voices is here", hint="Run: sayso models pull kokoro-82m-int8 kokoro-voices")
    wanted = [voice for voice in found if language is None or _speaks(voice.language, language.lower())]
    if as_json:
        typer.echo(json.dumps({"voices": [asdict(voice) for voice in wanted]}, ensure_ascii=False))
        return
    for voice in wanted:
        typer.echo(f"{voice.name:20} {voice.language:8} {voice.engine}")


def _speaks(tag: str, wanted: str) -> bool:
    return tag == wanted or tag.startswith(f"{wanted}-")
