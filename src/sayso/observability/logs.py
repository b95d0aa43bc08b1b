"""Log configuration: one line per message on standard error, with secrets masked.

Our own messages go through structlog. Those of uvicorn and other libraries come through the standard library's
logging and look the same.
"""

from __future__ import annotations

import logging
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from structlog.typing import Processor, WrappedLogger

Format: TypeAlias = Literal["console", "json"]

REDACTED = "[redacted]"

_SECRET_NAMES = re.compile(
    r"(?i)^(authorization|cookie|set-cookie|.*(api[-_]?key|secret|password|passwd|access[-_]?token|session[-_]?token).*)$"
)
"""Names of values that are always secrets."""

_INTRODUCED = re.compile(
    r"""(?xi)
    (   \b(?:bearer|basic)\s+(?=[\w.~+/=-]{16})                           # Authorization
      | (?:secret_?access_?key|session_?token|api-key)[\\"']*\s*[=:]\s*[\\"']*
      | x-amz-(?:signature|security-token|credential)=                    # signed URLs
      | ://[^\s/@:"']*:(?=[^\s/@"']+@)                                    # a URL's password
    )
    [^\s"'&,;@\\]+
    """
)
"""A secret and the words that introduce it, which stay."""

_KEYS = re.compile(
    r"""(?xi)
    (?<![a-z0-9]) (?:
        sk-[\w-]{16,}                # OpenAI's
      | sayso_[0-9a-f]{32,}          # ours
      | whsec_[a-z0-9+/=]{24,}       # what callbacks are checked with
      | (?:AKIA|ASIA)[a-z0-9]{16}    # the names of AWS's
    )
    """
)
"""Keys that are recognised by their form."""

_NOISY = ("alembic", "httpcore2", "httpx2", "huggingface_hub", "openai", "urllib3", "faster_whisper")
"""Libraries that log each request or step at the level info; their warnings are kept."""


def configure_logs(level: str, format: Format | None = None) -> None:  # noqa: A002 -- the word for it
    """Write log messages to standard error; standard output is for results, which other programs read.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``; less severe messages are dropped.
        format: None for ``console`` where standard error is a terminal, and ``json`` otherwise.
    """
    least = logging.getLevelNamesMapping()[level.upper()]
    is_json = (format or ("console" if sys.stderr.isatty() else "json")) == "json"
    shared = _shared_processors(is_json=is_json)
    last = _last_processors(is_json=is_json)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _LineLogger(),
        cache_logger_on_first_use=False,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(least)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
    # It warns about invalid requests, which the responses report already.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    # Our own access log names the caller and the duration, and leaves the query out.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)


class _LineLogger:
    """The logger through which structlog writes lines."""

    def msg(self, line: str) -> None:
        """Write a line, whatever its level is."""
        _write_line(line)

    debug = info = warning = warn = error = exception = critical = fatal = failure = log = msg


class _StandardError(logging.Handler):
    """Writes to the current ``sys.stderr``, as structlog's loggers here do."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 -- a message that cannot be formatted ends nothing else
            self.handleError(record)
        else:
            _write_line(line)


def _write_line(line: str) -> None:
    """Write to the current ``sys.stderr``.

    If the terminal is closed, the reader of a pipe has ended or the disk is full, the line is lost; no error is raised.
    """
    with suppress(OSError, ValueError):  # ValueError: it was closed
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def redact(text: str) -> str:
    """The text with everything masked that looks like a secret."""
    return _KEYS.sub(REDACTED, _INTRODUCED.sub(rf"\g<1>{REDACTED}", text))


def _shared_processors(*, is_json: bool) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if is_json
        else structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.processors.StackInfoRenderer(),
        _redact_values,
    ]


def _last_processors(*, is_json: bool) -> list[Processor]:
    # No renderer of tracebacks that shows local variables: they hold keys and what people say.
    if is_json:
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
        return [structlog.processors.format_exc_info, _in_order, render, _redact_line]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [console, _redact_line]


def _redact_values(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for name, value in event.items():
        event[name] = _without_secrets(name, value)
    return event


def _without_secrets(name: str, value: Any) -> Any:
    if _SECRET_NAMES.match(name) and value:
        return REDACTED
    if isinstance(value, dict):
        return {inner: _without_secrets(str(inner), content) for inner, content in value.items()}
    return value


def _in_order(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Put the fields that every message has first, for human readers."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def _redact_line(_logger: WrappedLogger, _method: str, line: Any) -> str:
    """The last step, on the finished line, so that tracebacks and nested values are masked, too."""
    return redact(str(line))
