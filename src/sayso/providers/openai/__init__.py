"""OpenAI, or another service with its protocol: the connection, and the translation of its errors."""

from sayso.providers.openai.calls import Answer, Calls
from sayso.providers.openai.connection import OpenAIConnection
from sayso.providers.openai.languages import LANGUAGE_NAMES, code_of_language, language_tag
from sayso.providers.openai.last_answer import LastAnswer

__all__ = ["LANGUAGE_NAMES", "Answer", "Calls", "LastAnswer", "OpenAIConnection", "code_of_language", "language_tag"]
