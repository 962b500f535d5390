"""Checkpoint or check an SQLite file in a separate process.

python -m tests.stress.powercut.sqlite_tool checkpoint|damage FILE

A process that had the file open at the power cut must not open it again, because SQLite would
share state between both connections.
"""

from __future__ import annotations

import sys

from inventory.db import sqlite_module


def main() -> None:
    action, file = sys.argv[1:]
    connection = sqlite_module().connect(file, timeout=5, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    if action == "checkpoint":
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    else:
        for check in ("integrity_check", "foreign_key_check"):
            rows = connection.execute(f"PRAGMA {check}").fetchall()
            print(*[f"{check}: {row}" for row in rows if row != ("ok",)], sep="\n", end="")
    connection.close()


if __name__ == "__main__":
    main()
