"""Counts of a fault test: one line of JSON, and a file in the folder of `--figures`.

python -m tests.stress.chaos.figures FOLDER prints the rows of docs/faults.md from such files.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def report(name: str, figures: dict[str, Any], folder: Path | None) -> None:
    """Print the counts as JSON and write them to the folder, if there is one."""
    machine = f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"
    line = {"run": name, **figures, "on": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine}
    print(json.dumps(line), flush=True)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(line, indent=1) + "\n")


def options(parser: argparse.ArgumentParser) -> None:
    """Add the common options; on SIGTERM exit normally, so that servers and mounts are removed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser.add_argument("--figures", type=Path, help="a folder for the counts, as JSON")


def main() -> int:
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        line = json.loads(path.read_text())
        text = ", ".join(
            f"{name} {value:,}" if isinstance(value, int) else f"{name} {_plain(value)}"
            for name, value in line.items()
            if name not in ("run", "on", "machine")
        )
        print(f"| `{line['run']}` | {text} | {line['on']} |")
    return 0


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {count:,}" for name, count in value.items()) + ")"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
