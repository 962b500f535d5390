"""`make drills`: fail-over to a standby, and full disks, ten times each.

python -m tests.drills [--rounds 10] [--answers 200]     (full disks need root)
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from tests.drills.drills import Told, fail_over, full_disk, full_quota


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--answers", type=int, default=200)
    options = parser.parse_args()
    drills: dict[str, Callable[[], Told]] = {
        "fail-over": lambda: fail_over(answers=options.answers),
        "full quota, sqlite": lambda: full_quota(answers=options.answers),
    }
    if os.geteuid() == 0:
        for kind in ("sqlite", "postgresql"):
            drills[f"full disk, {kind}"] = lambda kind=kind: full_disk(
                kind, answers=options.answers
            )
    failed = 0
    for number in range(1, options.rounds + 1):
        for name, drill in drills.items():
            began = time.monotonic()
            told = drill()
            failed += bool(told.problems)
            print(f"{number}. {name}, {time.monotonic() - began:.0f} s: {told}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
