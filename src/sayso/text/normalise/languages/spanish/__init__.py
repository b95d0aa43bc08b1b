"""Spanish, of Spain and other countries."""
