"""`make powercut`: cut the power under the working product, and look what is left.

python -m tests.stress.powercut [sqlite|postgresql] [--cuts 50] [--careless synchronous=NORMAL]
[--seed N]

With --careless the durability that the product asks for is taken away, and the run succeeds when
acknowledged work was lost: the proof that the disk forgets, and that a loss would be seen.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.stress.chaos import figures
from tests.stress.powercut.disk import why_not
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
    if reason := why_not():
        print(f"Not run: {reason}.")
        return 2
    plan = Plan(
        options.database, options.cuts, options.clients, options.seed, options.careless or ""
    )
    print(plan, flush=True)
    outcome = run(plan)
    name = "-".join(filter(None, ["powercut", plan.kind, plan.careless]))
    figures.tell(name, outcome.figures, options.figures)
    if plan.careless:
        return 0 if outcome.lost else 1
    print(*outcome.problems[:40], sep="\n")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
