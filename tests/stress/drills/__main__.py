"""`make drills`: failover to a standby, a stopped database, and full disks, ten times each.

python -m tests.stress.drills [--rounds 10] [--answers 200] [--only "database down"]
    [--figures FOLDER]

Full disks need root.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable

from tests.stress.chaos import figures
from tests.stress.drills.drills import DrillResult, database_down, fail_over, full_disk, full_quota


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--answers", type=int, default=200)
    parser.add_argument("--only", help="run only the drill of this name")
    figures.options(parser)
    options = parser.parse_args()
    drills: dict[str, Callable[[], DrillResult]] = {
        "fail-over": lambda: fail_over(answers=options.answers),
        "database down": lambda: database_down(answers=options.answers),
        "full quota, sqlite": lambda: full_quota(answers=options.answers),
    }
    if os.geteuid() == 0:
        for kind in ("sqlite", "postgresql"):
            drills[f"full disk, {kind}"] = lambda kind=kind: full_disk(
                kind, answers=options.answers
            )
    if options.only:
        drills = {options.only: drills[options.only]}
    counted: dict[str, Counter[str]] = {name: Counter() for name in drills}
    for number in range(1, options.rounds + 1):
        for name, drill in drills.items():
            began = time.monotonic()
            result = drill()
            counted[name].update(result.figures)
            print(f"{number}. {name}, {time.monotonic() - began:.0f} s: {result}", flush=True)
    for name, counts in counted.items():
        run = f"drill-{name.replace(', ', '-').replace(' ', '-')}"
        figures.report(run, {"rounds": options.rounds, **counts}, options.figures)
    return 1 if any(counts["problems"] for counts in counted.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
