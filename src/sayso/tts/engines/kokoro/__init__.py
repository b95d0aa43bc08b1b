"""Kokoro-82M: 54 voices, nine languages, and the exact time of every word."""

from sayso.tts.engines.kokoro.engine import KokoroEngine

__all__ = ["KokoroEngine"]
