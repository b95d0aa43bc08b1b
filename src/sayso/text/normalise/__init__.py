"""Text as it is spoken: every written word with what is said for it, and where it stands in the source."""

from sayso.text.normalise.normaliser import EmojiReading, NormaliseOptions, normalise

__all__ = ["EmojiReading", "NormaliseOptions", "normalise"]
