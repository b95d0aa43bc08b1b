"""The times of words in the audio."""
