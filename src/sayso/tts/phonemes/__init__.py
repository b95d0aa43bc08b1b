"""Phonemes: where they come from, and how engines write them."""
