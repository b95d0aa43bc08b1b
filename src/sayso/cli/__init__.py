"""The command line: one small module per command."""

from sayso.cli.app import main

__all__ = ["main"]
