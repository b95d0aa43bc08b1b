"""Phonemes: their sources, and their notations in engines."""
