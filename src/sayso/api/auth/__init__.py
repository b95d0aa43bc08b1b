"""Who may use the API, and for what."""
