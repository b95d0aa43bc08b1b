"""Fetch objects into temporary files, verified."""
