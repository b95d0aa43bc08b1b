"""French, of France and other countries."""
