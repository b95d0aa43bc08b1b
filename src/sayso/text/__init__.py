"""Turn a document into a script: structure, sentences, spoken forms and pauses, each with its place in the source."""

from __future__ import annotations

from sayso.text.cutting import split_utterance, spoken_length
from sayso.text.detection import language_of_text
from sayso.text.directives import LONGEST_PAUSE_SECONDS, DirectiveReading
from sayso.text.lexicon import Lexicon, load_lexicon
from sayso.text.normalise import EmojiReading, NormaliseOptions
from sayso.text.pauses import Pauses
from sayso.text.script import CitationReading, ScriptOptions, check_script, write_script
from sayso.text.spoken import as_dashes, languages_of, spoken_content, spoken_text, spoken_tokens
from sayso.text.steps import Checkpoint, never_cancel
from sayso.text.varieties import variety_of

__all__ = [
    "LONGEST_PAUSE_SECONDS",
    "Checkpoint",
    "CitationReading",
    "DirectiveReading",
    "EmojiReading",
    "Lexicon",
    "NormaliseOptions",
    "Pauses",
    "ScriptOptions",
    "as_dashes",
    "check_script",
    "language_of_text",
    "languages_of",
    "load_lexicon",
    "never_cancel",
    "split_utterance",
    "spoken_content",
    "spoken_length",
    "spoken_text",
    "spoken_tokens",
    "variety_of",
    "write_script",
]
