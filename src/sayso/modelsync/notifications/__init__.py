"""Notifications about changed models, sent at least once."""
