"""`make powercut`: cut the power of the database's disk under load, and check what is left.

python -m tests.stress.powercut [sqlite|postgresql] [--cuts 50] [--careless synchronous=NORMAL]
[--seed N]

With --careless the database runs with weaker durability, and the run succeeds if acknowledged work
was lost. This proves that the disk loses unsynced data and that the checker finds the loss.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.stress.chaos import figures
from tests.stress.powercut.disk import unsupported_reason
from tests.stress.powercut.run import CARELESS, Plan, run
from tests.support.databases import KINDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--careless", choices=[name for names in CARELESS.values() for name in names]
    )
    figures.options(parser)
    options = parser.parse_args()
    if reason := unsupported_reason():
        print(f"Not run: {reason}.")
        return 2
    plan = Plan(
        options.database, options.cuts, options.clients, options.seed, options.careless or ""
    )
    print(plan, flush=True)
    outcome = run(plan)
    name = "-".join(filter(None, ["powercut", plan.kind, plan.careless]))
    figures.report(name, outcome.figures, options.figures)
    if plan.careless:
        return 0 if outcome.lost else 1
    print(*outcome.problems[:40], sep="\n")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
