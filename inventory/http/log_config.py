"""Log format: lines for a terminal, or one JSON object per line.

Of a request only the method, the route, the status, the duration and the address are logged; never
queries, bodies, cookies or other headers. SQL is logged without values.
"""

from __future__ import annotations

import logging

import structlog

_OURS = ("method", "route", "status", "ms", "address")


class SingleLineFormatter(logging.Formatter):
    """Formatter that escapes control characters, so that a message is one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message with escaped control characters."""
        text = super().formatMessage(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def set_up(*, level: str, form: str) -> None:
    """Configure all loggers of the process to write to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _json()
        if form == "json"
        else SingleLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # A terminal shows warnings only, not each request.
    logging.getLogger("inventory.requests").setLevel(level if form == "json" else logging.WARNING)


def _json() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ExtraAdder(allow=_OURS),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
    )
