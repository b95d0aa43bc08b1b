"""The loudness of everything that is spoken, in LUFS (EBU R128)."""

LEVEL_LUFS = -23.0
"""Every utterance is brought to the programme level of EBU R128; a document's gain is applied to the whole."""

NARRATION_LUFS = -16.0
"""The whole of a narration, unless another loudness is asked for: what podcasts use."""

STREAM_LUFS = -18.0
"""Almost always the highest loudness of a voice without clipped peaks."""

TRUE_PEAK_LIMIT_DB = -1.0
"""EBU R128's limit for the true peak, in dBTP; a document that would exceed it gets a lower loudness."""

QUIETEST_LUFS = -40.0
LOUDEST_LUFS = -5.0
"""Common values are between -30 and -10 LUFS; a value beyond these bounds is a mistake."""
