"""Text to speech: engines behind one Protocol, the selection of an engine, phonemes, and the speech cache."""
