"""Narrations in PostgreSQL."""
