"""The narration service: a document becomes audio and subtitles, and what was interrupted is taken up again."""

from sayso.narration.document import MAXIMUM_BYTES, Document, read_document, to_script
from sayso.narration.narrate import Narration, NarrationOptions, narrate
from sayso.narration.perform import Progress
from sayso.narration.publish import SUBTITLE_FORMATS, SubtitleFormat
from sayso.narration.stream import Piece, Stream, stream

__all__ = [
    "MAXIMUM_BYTES",
    "SUBTITLE_FORMATS",
    "Document",
    "Narration",
    "NarrationOptions",
    "Piece",
    "Progress",
    "Stream",
    "SubtitleFormat",
    "narrate",
    "read_document",
    "stream",
    "to_script",
]
