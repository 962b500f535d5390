"""`make chaos`: run clients under kills, pauses, network faults, full disks and clock jumps.

python -m tests.stress.chaos [sqlite|postgresql] [--strikes 200] [--clients 8] [--seed N] [--hard]
    [--answers N] [--mutant keys-forgotten] [--figures FOLDER]

With --mutant the product has a deliberate fault, and the run succeeds if the checker finds it.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.stress.chaos import figures
from tests.stress.chaos.mutants import MUTANTS
from tests.stress.chaos.run import Plan, run
from tests.support.databases import KINDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--strikes", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--hard", action="store_true", help="also full disks and clock jumps (needs root)"
    )
    parser.add_argument(
        "--answers", type=int, default=0, help="continue until there are so many answers"
    )
    parser.add_argument("--mutant", choices=MUTANTS, default="")
    figures.options(parser)
    options = parser.parse_args()
    plan = Plan(
        options.database, options.strikes, options.clients, seed=options.seed, hard=options.hard,
        answers=options.answers, mutant=options.mutant,
    )  # fmt: skip
    print(f"{plan}", flush=True)
    outcome = run(plan)
    print(outcome)
    parts = ["chaos", plan.kind, "hard" if plan.hard else "", plan.mutant]
    parts += ["order" if plan.answers else ""]
    figures.report("-".join(filter(None, parts)), outcome.figures, options.figures)
    return 0 if bool(outcome.problems) == bool(plan.mutant) else 1


if __name__ == "__main__":
    sys.exit(main())
