"""Text to speech: engines behind one Protocol, their phonemes, and the cache of what was spoken."""
