"""Checksums of content that arrives in any order."""
