"""The narration of a document: audio and subtitles, resumable after an interruption."""

from sayso.audio.loudness_targets import LOUDEST_LUFS, QUIETEST_LUFS
from sayso.narration.aligned import AlignedDocument, align_document, aligned_content, aligned_files
from sayso.narration.document import (
    DOCUMENT_SUFFIXES,
    MARKDOWN_SUFFIXES,
    MAXIMUM_BYTES,
    Document,
    check_document,
    read_document,
    to_script,
)
from sayso.narration.files import SUBTITLE_FORMATS, FileFormat, SubtitleFormat
from sayso.narration.length import SHORTEST_LETTER_SECONDS, estimated_seconds, require_length
from sayso.narration.narrate import Narration, narrate
from sayso.narration.retiming import RetimedSubtitles, UnplacedCue, retime
from sayso.narration.spec import (
    MAXIMUM_LEXICON_CHARACTERS,
    MAXIMUM_NAME_CHARACTERS,
    SHOWN,
    VERSION,
    LexiconText,
    NarrationSpec,
    offered_options,
    takes_none,
)
from sayso.narration.stream import Piece, Stream, stream
from sayso.narration.synthesiser import Progress

__all__ = [
    "DOCUMENT_SUFFIXES",
    "LOUDEST_LUFS",
    "MARKDOWN_SUFFIXES",
    "MAXIMUM_BYTES",
    "MAXIMUM_LEXICON_CHARACTERS",
    "MAXIMUM_NAME_CHARACTERS",
    "QUIETEST_LUFS",
    "SHORTEST_LETTER_SECONDS",
    "SHOWN",
    "SUBTITLE_FORMATS",
    "VERSION",
    "AlignedDocument",
    "Document",
    "FileFormat",
    "LexiconText",
    "Narration",
    "NarrationSpec",
    "Piece",
    "Progress",
    "RetimedSubtitles",
    "Stream",
    "SubtitleFormat",
    "UnplacedCue",
    "align_document",
    "aligned_content",
    "aligned_files",
    "check_document",
    "estimated_seconds",
    "narrate",
    "offered_options",
    "read_document",
    "require_length",
    "retime",
    "stream",
    "takes_none",
    "to_script",
]
