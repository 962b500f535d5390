"""Verifying the ledger from its page: in a process of its own, so that nobody waits for it.

`flask ledger verify` does it and writes down what it found, for this page and the API.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from flask import current_app

_lock = threading.Lock()
_running: dict[str, subprocess.Popen[bytes]] = {}


def is_running() -> bool:
    """Whether a run that was started here is still on its way."""
    process = _running.get(_database())
    return process is not None and process.poll() is None


def start() -> None:
    """Begin a run, unless one is on its way."""
    with _lock:
        if not is_running():
            _running[_database()] = subprocess.Popen(
                [sys.executable, "-m", "flask", "ledger", "verify"],
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
    """The child is to work on the very same database."""
    instance = str(current_app.config["INSTANCE_PATH"])
    return {"DATABASE_URL": _database(), "INSTANCE_PATH": instance}
