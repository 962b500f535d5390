"""Progress of a long task as JSON lines; the last line has the URL of the result.

A browser without scripts waits for the redirect, as with any other form.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, current_app, redirect, request
from flask_babel import force_locale, get_locale
from werkzeug.wrappers import Response as AnyResponse

from inventory.common.errors import Busy, Refusal
from inventory.common.progress import SILENT, Progress
from inventory.http.languages import gettext as _
from inventory.http.languages import translate

log = logging.getLogger(__name__)

LINES = "application/x-ndjson"
_EACH_SECONDS = 0.1


def stream_progress(task: Callable[[Progress], str]) -> AnyResponse:
    """Run a task that returns the URL to redirect to.

    The task has an app context but no request. It runs to its end even if the client disconnects.
    """
    if request.accept_mimetypes.best_match([LINES, "text/html"]) != LINES:
        return redirect(task(SILENT), 303)
    events: queue.Queue[dict[str, Any] | None] = queue.Queue()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    language = str(get_locale() or "en")
    threading.Thread(target=_run, args=(app, language, task, events), daemon=False).start()
    response = Response(_lines(events), mimetype=LINES)
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not buffer the lines
    return response


def _lines(events: queue.Queue[dict[str, Any] | None]) -> Iterator[str]:
    while (line := events.get()) is not None:
        yield json.dumps(line) + "\n"


def _run(
    app: Flask,
    language: str,
    task: Callable[[Progress], str],
    events: queue.Queue[dict[str, Any] | None],
) -> None:
    last = 0.0

    def show(word: str, done: int, total: int) -> None:
        nonlocal last
        if done in (0, total) or time.monotonic() - last > _EACH_SECONDS:
            last = time.monotonic()
            events.put({"word": translate(word), "done": done, "total": total})

    with app.app_context(), force_locale(language):
        try:
            events.put({"location": task(Progress(show))})
        except (Refusal, Busy) as error:
            events.put({"error": translate(error.detail)})
        except Exception:
            log.exception("long work ended")
            events.put(
                {
                    "error": _(
                        "Something went wrong on the server."
                        " The file was imported completely or not at all: see the list of imports."
                    )
                }
            )
        finally:
            events.put(None)
