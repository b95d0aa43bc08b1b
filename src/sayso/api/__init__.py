"""The HTTP service: OpenAI's audio API, hybrid transcription, and what operators ask."""
