"""The command line: one small file per command."""

from sayso.cli.app import main

__all__ = ["main"]
