"""The narration service: a document becomes audio and subtitles, and what was interrupted is taken up again."""

from sayso.narration.document import MAXIMUM_BYTES, Document, check_document, read_document, to_script
from sayso.narration.files import SUBTITLE_FORMATS, SubtitleFormat
from sayso.narration.length import SHORTEST_LETTER_SECONDS, estimated_seconds, require_length
from sayso.narration.narrate import Narration, NarrationOptions, narrate
from sayso.narration.stream import Piece, Stream, stream
from sayso.narration.synthesiser import Progress

__all__ = [
    "MAXIMUM_BYTES",
    "SHORTEST_LETTER_SECONDS",
    "SUBTITLE_FORMATS",
    "Document",
    "Narration",
    "NarrationOptions",
    "Piece",
    "Progress",
    "Stream",
    "SubtitleFormat",
    "check_document",
    "estimated_seconds",
    "narrate",
    "read_document",
    "require_length",
    "stream",
    "to_script",
]
