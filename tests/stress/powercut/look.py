"""SQLite on the disk whose power goes, used from a process of its own.

python -m tests.stress.powercut.look checkpoint|damage FILE

A process that had the file open when the power went may not open it again: SQLite would share what
both connections know of it, and one of them knows a disk that is gone.
"""

from __future__ import annotations

import sys

from inventory.db import sqlite_module


def main() -> None:
    what, file = sys.argv[1:]
    connection = sqlite_module().connect(file, timeout=5, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    if what == "checkpoint":
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    else:
        for check in ("integrity_check", "foreign_key_check"):
            rows = connection.execute(f"PRAGMA {check}").fetchall()
            print(*[f"{check}: {row}" for row in rows if row != ("ok",)], sep="\n", end="")
    connection.close()


if __name__ == "__main__":
    main()
