"""Log lines: for people at a terminal, or one JSON object each for programs that collect them.

Nothing is logged of what requests carry but the route; queries, bodies, cookies and headers never
are, and SQL comes without its values (db.py).
"""

from __future__ import annotations

import logging

import structlog

_OURS = ("method", "route", "status", "ms", "address")


class SingleLineFormatter(logging.Formatter):
    """What a request put into a log message cannot begin a line of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        text = super().formatMessage(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def set_up(*, level: str, form: str) -> None:
    """Every logger of the process writes to standard error, in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _json()
        if form == "json"
        else SingleLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # People at a terminal want to hear what is wrong, not of each request.
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
