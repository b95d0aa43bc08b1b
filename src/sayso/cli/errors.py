"""Print errors, and choose the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from sayso.errors import SaysoError

EXIT_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_PENDING = 3
EXIT_INTERRUPTED = 130  # the code that a shell reports for a process that SIGINT ended


def exit_code(error: SaysoError) -> int:
    """2 if the caller must change the command, 1 if the work failed."""
    return EXIT_WRONG_USE if isinstance(error, InvalidInput) else EXIT_FAILED


def print_error(error: SaysoError) -> None:
    """Print the message and the hint on standard error."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    console.print(f"[red]error:[/] {escape(error.message)}", soft_wrap=True, highlight=False)
    if error.hint:
        console.print(f"[dim]{escape(error.hint)}[/]", soft_wrap=True, highlight=False)
