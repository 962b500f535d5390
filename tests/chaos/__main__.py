"""`make chaos`: work under kills, pauses, broken wires, full disks and jumping clocks.

python -m tests.chaos [sqlite|postgresql] [--strikes 200] [--clients 8] [--seed N] [--hard]
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.chaos.run import Plan, run
from tests.databases import KINDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--strikes", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--hard", action="store_true", help="full disks and clocks too (root)")
    options = parser.parse_args()
    plan = Plan(
        options.database, options.strikes, options.clients, seed=options.seed, hard=options.hard
    )
    print(f"{plan}", flush=True)
    outcome = run(plan)
    print(outcome)
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
