"""Piper: small, quick voices in many languages, one model each, and the time of every word."""

from sayso.tts.engines.piper.engine import PiperEngine

__all__ = ["PiperEngine"]
