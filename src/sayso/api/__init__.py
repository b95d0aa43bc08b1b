"""The HTTP service: OpenAI's audio API, hybrid transcription, narrations, and endpoints for operators."""
