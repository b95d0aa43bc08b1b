"""The limits of OpenAI's audio API, from its documentation."""

MAXIMUM_UPLOAD_BYTES = 25 * 2**20
"""The largest recording for the transcription models: 25 MiB."""

MAXIMUM_SPEECH_CHARACTERS = 4096
"""The longest text for the speech models, in characters."""
