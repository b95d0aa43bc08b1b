"""Where log messages go."""

from __future__ import annotations

import logging
import sys

import structlog


def log_to_stderr(least_level: str) -> None:
    """Write log messages to standard error: standard output belongs to results, which other programs read.

    Args:
        least_level: "debug", "info", "warning" or "error"; what is less severe is dropped.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[least_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
