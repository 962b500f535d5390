"""When each backup was last read to its end, and what came of it: kept in a file beside them."""

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
    """One reading of a backup: when, and whether nothing was wrong."""

    at: datetime
    whole: bool


def read(directory: Path) -> dict[str, BackupCheck]:
    """By the backup's name. What cannot be read is as if it had never been written."""
    found = {}
    for name, kept in _kept(directory).items():
        try:
            found[name] = BackupCheck(datetime.fromisoformat(kept["at"]), kept["whole"] is True)
        except (KeyError, TypeError, ValueError):
            continue
    return found


def note(path: Path, *, whole: bool) -> None:
    """Write down what a reading found; those of backups that are gone go, too. A place where
    nothing can be written keeps none."""
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
