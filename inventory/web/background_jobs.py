"""Commands that a page starts in a process of their own.

The request does not wait for them. Their result is what they store: a verification run, a backup.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from flask import current_app

VERIFY = ("ledger", "verify")
BACK_UP = ("backup", "create")
REBUILD = ("ledger", "rebuild-cache")
LOAD_DEMO = ("demo", "load")

_lock = threading.Lock()
_running: dict[tuple[str, tuple[str, ...]], subprocess.Popen[bytes]] = {}


def is_running(command: tuple[str, ...]) -> bool:
    """Return whether a run that this process started is still running."""
    process = _running.get((_database(), command))
    return process is not None and process.poll() is None


def failed(command: tuple[str, ...]) -> bool:
    """Return whether the last run that this process started failed."""
    process = _running.get((_database(), command))
    return process is not None and bool(process.poll())


def start(command: tuple[str, ...]) -> None:
    """Start a run of the command unless one is running."""
    with _lock:
        if not is_running(command):
            _running[_database(), command] = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-m", "flask", *command],
                cwd=current_app.root_path,
                env=os.environ | _settings(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )


def _database() -> str:
    return str(current_app.config["SQLALCHEMY_DATABASE_URI"])


def _settings() -> dict[str, str]:
    """Return the environment that makes the child use the same database and paths."""
    places = {name: str(current_app.config[name]) for name in ("INSTANCE_PATH", "BACKUP_PATH")}
    return {"DATABASE_URL": _database(), **places}
