"""The last check of each backup, stored in a file next to the backups."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inventory.common import clock

FILE = "verified.json"


@dataclass(frozen=True, slots=True)
class BackupCheck:
    """The time of a check, and whether nothing was wrong."""

    at: datetime
    whole: bool


def read(directory: Path) -> dict[str, BackupCheck]:
    """Return the checks by the backup's name; unreadable ones are left out."""
    found = {}
    for name, kept in _kept(directory).items():
        try:
            found[name] = BackupCheck(datetime.fromisoformat(kept["at"]), kept["whole"] is True)
        except (KeyError, TypeError, ValueError):
            continue
    return found


def note(path: Path, *, whole: bool) -> None:
    """Record a check, and remove those of deleted backups.

    Does nothing if the directory is not writable.
    """
    kept = {name: one for name, one in _kept(path.parent).items() if (path.parent / name).exists()}
    kept[path.name] = {"at": clock.now().isoformat(), "whole": whole}
    making = path.parent / f".{FILE}.{os.getpid()}"
    try:
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file, indent=1)
        making.replace(path.parent / FILE)
    except OSError:
        making.unlink(missing_ok=True)


def _kept(directory: Path) -> dict[str, Any]:
    try:
        kept = json.loads((directory / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
