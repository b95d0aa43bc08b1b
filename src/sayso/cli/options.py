"""Options that several commands share, and the parsing of their values.

Every run of ``sayso`` imports every command's module, to know its options. So a command imports its libraries inside
its functions: `sayso --help` and fast commands do not load the libraries of others.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from sayso.bootstrap import ENGINES, speech_source, speech_sources
from sayso.errors import InvalidInput
from sayso.files import decode_text
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sayso.settings import Settings
    from sayso.text import CitationReading, EmojiReading, Lexicon
    from sayso.tts.base import SpeechEngine


def complete_voice(incomplete: str) -> list[str]:
    """The voices that begin so, for the completion of a shell: those that are here, or may be pulled.

    It opens no model. In a blend, the last voice is completed.
    """
    from sayso.bootstrap.model_needs import MODELS, known_voices
    from sayso.tts.selection import OPENAI_VOICES_OF_KOKORO

    names = {voice.name for engine in MODELS for voice in known_voices(engine)} | set(OPENAI_VOICES_OF_KOKORO)
    before, plus, last = incomplete.rpartition("+")
    return [f"{before}{plus}{name}" for name in sorted(names) if name.startswith(last)]


VoiceOption = Annotated[
    str | None,
    typer.Option(
        "--voice",
        "-v",
        autocompletion=complete_voice,
        help=(
            "A voice of `sayso voices`, one of OpenAI's names such as alloy, or a blend: "
            "af_heart:0.6+bm_george:0.4.  \\[env: KOKORO_VOICE]"
        ),
        show_default="af_heart",
    ),
]
SpeedOption = Annotated[
    float,
    typer.Option("--speed", "-s", min=MINIMUM_SPEED, max=MAXIMUM_SPEED, help="1 is the voice's normal speed."),
]


def named_language(name: str) -> str:
    """The tag of a language that is given by a tag or by its English name; empty for ``auto``."""
    from sayso.providers.openai.languages import language_tag

    return "" if name.strip().lower() == "auto" else language_tag(name)


LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        "-l",
        metavar="TAG",
        parser=named_language,
        help="For example en-us or fr-fr; the voice's language by default.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help=f"{' or '.join(ENGINES)}; the one that has the voice by default."),
]
LexiconOption = Annotated[
    Path | None,
    typer.Option("--lexicon", metavar="FILE", help="Pronunciations: lines of `word = respelling` or `word = /IPA/`."),
]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the speech cache.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")]

CitationsOption = Annotated[
    str, typer.Option("--citations", metavar="read|drop", help="Read marks of notes such as [15], or leave them out.")
]

Choice = TypeVar("Choice", bound=str)


def examples(*commands: str) -> str:
    """The end of a help page; with blank lines, because typer joins the lines of a paragraph."""
    return "\n\n".join(("Examples:", *commands))


def choices(option: str, value: str, known: Sequence[Choice]) -> tuple[Choice, ...]:
    """Parse a list such as ``mp3,wav``, without repetitions; empty for ``none``.

    Raises:
        InvalidInput: an entry is unknown.
    """
    names = list(dict.fromkeys(name.strip().lower() for name in value.split(",") if name.strip()))
    if names == ["none"]:
        return ()
    for name in names:
        if name not in known:
            raise InvalidInput(f"{option} does not know {name!r}", hint=f"It knows {', '.join(known)} and none.")
    return tuple(known[known.index(name)] for name in names)


def require_distinct(names: Iterable[str]) -> None:
    """Refuse files whose outputs would have the same name.

    Raises:
        InvalidInput: names the first name that occurs more than once.
    """
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise InvalidInput(
            f"{count} files are called {name!r} and would replace each other's output", hint="Give them one by one."
        )


def select_engine(name: str | None, voice: str, settings: Settings, *, quiet: bool = False) -> tuple[SpeechEngine, str]:
    """The engine of this name, or the first that has the voice, and the engine's name for the voice.

    A model that is missing is pulled first.

    Args:
        name: of the engine; None for any.
        voice: by any of its names.
        settings: the places of the models.
        quiet: show nothing of a pull.

    Raises:
        InvalidInput: there is no such engine.
        UnknownVoice, ModelMissing, NotInstalled: as for `select`.
        SourceFailed, OutputFailed: a missing model cannot be pulled.
    """
    from sayso.cli.missing_models import pulling
    from sayso.tts.selection import select

    obtain = pulling(settings, quiet=quiet)
    if name is None:
        return select(speech_sources(settings, obtain=obtain).values(), voice)
    return select([speech_source(name, settings, obtain=obtain)], voice)


def read_lexicon(path: Path | None) -> Lexicon:
    """The lexicon in a file; an empty one without a file.

    Raises:
        InvalidInput: the file cannot be read, or a line of it is wrong.
    """
    from sayso.text import Lexicon, load_lexicon

    if path is None:
        return Lexicon.empty()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Cannot read {path}: {error.strerror}") from error
    return load_lexicon(decode_text(data, str(path)))


def emoji_reading(value: str) -> EmojiReading:
    """The value of ``--emoji``.

    Raises:
        InvalidInput: it is unknown.
    """
    match value:
        case "name" | "drop":
            return value
        case _:
            raise InvalidInput(f"--emoji {value!r} is neither name nor drop")


def citation_reading(value: str) -> CitationReading:
    """The value of ``--citations``.

    Raises:
        InvalidInput: it is unknown.
    """
    match value:
        case "read" | "drop":
            return value
        case _:
            raise InvalidInput(f"--citations {value!r} is neither read nor drop")
