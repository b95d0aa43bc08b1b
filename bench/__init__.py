"""Speed and accuracy against named peers: ``python -m bench``."""
