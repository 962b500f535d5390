"""Duration and memory of the import of a large file.

    python -m bench.imports [sqlite|postgresql] [--rows 50000]

Runs `flask import` in a separate process: 10,000 items, then their opening stock.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import results
from tests.support.databases import KINDS, fresh_database

_ITEMS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    with fresh_database(options.database) as url, tempfile.TemporaryDirectory() as directory:
        environ = {**os.environ, "DATABASE_URL": url, "INSTANCE_PATH": directory}
        items, stock = Path(directory, "items.csv"), Path(directory, "stock.csv")
        items.write_text(_items())
        stock.write_text(_stock(options.rows))
        _flask(environ, "users", "create", "ada", "--role", "admin", "--password-stdin")
        _flask(environ, "import", "items", str(items), "--commit", "--user", "ada")
        seconds = _flask(environ, "import", "stock", str(stock), "--commit", "--user", "ada")
    max_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(f"{options.database}: {options.rows:,} lots in {seconds:.1f} s, {max_mb:.0f} MB at most")
    found = {"rows": options.rows, "seconds": round(seconds, 1), "megabytes": round(max_mb)}
    results.save("imports", options.database, found)


def _flask(environ: dict[str, str], *arguments: str) -> float:
    began = time.monotonic()
    command = [sys.executable, "-m", "flask", *arguments]
    subprocess.run(command, env=environ, input=b"a long password\n", check=True)
    return time.monotonic() - began


def _items() -> str:
    rows = (f"P-{n:05},Part {n},pcs,0,{n % 50 or ''}\n" for n in range(_ITEMS))
    return "code,name,unit,decimals,reorder point\n" + "".join(rows)


def _stock(count: int) -> str:
    rng = random.Random(7)
    rows = (
        f"P-{n % _ITEMS:05},B-{n},{rng.randint(1, 500)},{'ok' if n % 9 else 'hold'},"
        f"{f'2031-03-{1 + n % 28:02}' if n % 4 else ''},A-{n % 100}\n"
        for n in range(count)
    )
    return "item,lot,qty,status,expires,location\n" + "".join(rows)


if __name__ == "__main__":
    main()
