"""The limits of OpenAI's audio API, by its documentation."""

MAXIMUM_UPLOAD_BYTES = 25 * 2**20
"""Of a recording for the transcription models: 25 MiB."""

MAXIMUM_SPEECH_CHARACTERS = 4096
"""Of a text for the speech models."""
