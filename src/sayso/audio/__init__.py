"""Audio in and out of files: decoding, encoding, resampling and loudness, always mono float32."""

from sayso.audio.decode import decode, decode_blocks
from sayso.audio.encode import AudioWriter, encoder_fingerprint
from sayso.audio.formats import AudioFormat
from sayso.audio.loudness import Loudness, LoudnessMeter, gain_for, segment_loudness
from sayso.audio.resample import resample, resample_blocks
from sayso.audio.silence import silence
from sayso.audio.streaming import STREAM_FORMATS, StreamFormat, encode_stream, encode_whole, encoder_rates
from sayso.audio.stretch import stretch
from sayso.audio.tags import AudioTags

__all__ = [
    "STREAM_FORMATS",
    "AudioFormat",
    "AudioTags",
    "AudioWriter",
    "Loudness",
    "LoudnessMeter",
    "StreamFormat",
    "decode",
    "decode_blocks",
    "encode_stream",
    "encode_whole",
    "encoder_fingerprint",
    "encoder_rates",
    "gain_for",
    "resample",
    "resample_blocks",
    "segment_loudness",
    "silence",
    "stretch",
]
