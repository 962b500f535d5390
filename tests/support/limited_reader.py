"""Read import files in a process with limited memory and print the result of each.

python -m tests.support.limited_reader FOLDER
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from inventory import imports
from inventory.common.errors import InvalidInput

MEMORY_LIMIT = 2**30


def main() -> None:
    imports.read_table(b"code,name\nA,Bolt\n")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_LIMIT, used + MEMORY_LIMIT))
    for path in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps([path.name, *_outcome(path.read_bytes())]), flush=True)


def _outcome(content: bytes) -> tuple[str, str, float]:
    started = time.process_time()
    try:
        table = imports.read_table(content)
        kind, message = "read", f"{len(table.rows)} rows"
    except InvalidInput as refusal:
        kind, message = "refused", refusal.detail
    except BaseException as error:  # any error is a finding
        kind, message = "broken", repr(error)[:500]
    return kind, message, time.process_time() - started


def read_limited(files: Mapping[str, bytes]) -> dict[str, tuple[str, str, float]]:
    """Return for each file: `read`, `refused` or `broken`; the message; the CPU seconds.

    A file that ends the process is broken, and so are those after it.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = {f"{number:05}": name for number, name in enumerate(files)}
        for number, name in names.items():
            Path(folder, number).write_bytes(files[name])
        command = [sys.executable, "-m", "tests.support.limited_reader", folder]
        root = Path(__file__).parents[2]
        process = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    outcomes = {
        names[line[0]]: tuple(line[1:]) for line in map(json.loads, process.stdout.splitlines())
    }
    missing = (
        "broken",
        f"the reader ended with {process.returncode}: {process.stderr[-500:]}",
        0.0,
    )
    return {name: outcomes.get(name, missing) for name in files}


if __name__ == "__main__":
    main()
