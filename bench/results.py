"""Results of the benchmarks and fault tests, stored for bench/figures.py.

One file for each run, with the day and the machine.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

from bench.databases import DIRECTORY


def folder() -> Path:
    """Return the folder of the results; the variable RESULTS overrides the default."""
    path = Path(os.environ.get("RESULTS") or DIRECTORY / "results")
    path.mkdir(parents=True, exist_ok=True)
    return path


def save(name: str, database: str, found: dict[str, Any]) -> None:
    """Store the results of a run; they replace those of an earlier run."""
    path = folder() / f"{name}-{database}.json"
    content = {"at": date.today().isoformat(), "machine": machine(), **found}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read(name: str, database: str) -> dict[str, Any]:
    """Return the results of the last run, or an empty dictionary."""
    path = folder() / f"{name}-{database}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def machine() -> str:
    """Return cores, processor, memory and Python version of this machine."""
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
