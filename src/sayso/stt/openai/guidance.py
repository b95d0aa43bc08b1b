"""The fields that guide a model: languages, a prompt, and words that may occur; each model takes other ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.providers.provider import TranscriptionFacts
    from sayso.stt.base import TranscriptionOptions

_REFUSED = str.maketrans(dict.fromkeys("<>\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
"""The characters for which OpenAI rejects a request with keywords, and all others that end a line."""


def guidance(facts: TranscriptionFacts, options: TranscriptionOptions) -> dict[str, Any]:
    """The fields for a model.

    A model takes either ``language`` or ``languages``; it never gets both. Keywords go into the prompt of a model that
    has no field for them.

    Args:
        facts: the model.
        options: what the caller chose; languages as codes.
    """
    fields: dict[str, Any] = {}
    if options.task == "transcribe":
        languages = options.languages or (() if options.language is None else (options.language,))
        if facts.language_field == "languages":
            if languages:
                fields["languages"] = list(dict.fromkeys(languages))
        elif len(languages) == 1:
            fields["language"] = languages[0]
    keywords = cleaned(options.keywords)
    prompt = options.prompt or ""
    if facts.takes_keywords:
        if keywords:
            fields["keywords"] = keywords
    else:
        prompt = ", ".join([*([prompt] if prompt else []), *keywords])
    if prompt and facts.takes_prompt:
        fields["prompt"] = prompt
    return fields


def cleaned(keywords: Sequence[str]) -> list[str]:
    """Keywords without the characters that providers refuse, each once; empty ones are left out."""
    shown = (" ".join(keyword.translate(_REFUSED).split()) for keyword in keywords)
    return [keyword for keyword in dict.fromkeys(shown) if keyword]
