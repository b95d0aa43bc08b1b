"""Text normalisation: every written word with its spoken form and its place in the source."""

from sayso.text.normalise.normaliser import EmojiReading, NormaliseOptions, normalise

__all__ = ["EmojiReading", "NormaliseOptions", "normalise"]
