"""What the benchmarks and drills found, kept for the table of figures (bench/figures.py).

One file for each that ran, with the day and the machine: a figure never stands without them.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

from bench.places import PLACE


def folder() -> Path:
    """RESULTS names another one."""
    path = Path(os.environ.get("RESULTS") or PLACE / "results")
    path.mkdir(parents=True, exist_ok=True)
    return path


def keep(name: str, database: str, found: dict[str, Any]) -> None:
    """Keep what was found; an earlier run of the same is forgotten."""
    path = folder() / f"{name}-{database}.json"
    said = {"at": date.today().isoformat(), "machine": machine(), **found}
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def read(name: str, database: str) -> dict[str, Any]:
    """What the last run found; empty when there was none."""
    path = folder() / f"{name}-{database}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def machine() -> str:
    """So many cores, of what, with so much memory."""
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        memory = f", {pages / 2**30:.0f} GB"
    except (OSError, ValueError):
        memory = ""
    return f"{os.cpu_count()} cores ({model}){memory}, Python {platform.python_version()}"
