"""The services that Sayso buys from, each behind one connection that its adapters share."""

from sayso.vendors.openai_calls import Answer, Calls
from sayso.vendors.openai_connection import LastAnswer, OpenAIConnection
from sayso.vendors.openai_languages import LANGUAGE_NAMES, code_of_language

__all__ = ["LANGUAGE_NAMES", "Answer", "Calls", "LastAnswer", "OpenAIConnection", "code_of_language"]
