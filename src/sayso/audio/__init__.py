"""Sound in and out of files: decoding, encoding, resampling and loudness, always mono float32."""

from sayso.audio.decode import decode, decode_blocks
from sayso.audio.encode import AudioWriter, encoder_fingerprint
from sayso.audio.formats import AudioFormat
from sayso.audio.loudness import Loudness, LoudnessMeter, gain_for, segment_loudness
from sayso.audio.resample import resample
from sayso.audio.tags import AudioTags

__all__ = [
    "AudioFormat",
    "AudioTags",
    "AudioWriter",
    "Loudness",
    "LoudnessMeter",
    "decode",
    "decode_blocks",
    "encoder_fingerprint",
    "gain_for",
    "resample",
    "segment_loudness",
]
