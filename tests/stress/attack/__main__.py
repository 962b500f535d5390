"""`make attack`: send thousands of hostile requests to a running server, with each role.

    python -m tests.stress.attack [sqlite|postgresql ...] [--requests 20000] [--seed N]
        [--figures FOLDER]

No response may have a status 5xx or contain sent markup unescaped, every response must have the
security headers, and `ledger verify` must succeed afterwards. The printed seed repeats a run.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from inventory import create_app
from inventory.config import Config
from inventory.db import db
from tests.stress.attack.callers import OverHttp
from tests.stress.attack.campaign import Campaign
from tests.stress.chaos import figures
from tests.support.databases import KINDS, fresh_database
from tests.support.servers import LiveServer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", metavar="database", help=" or ".join(KINDS))
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    figures.options(parser)
    options = parser.parse_args()
    faults = [_attack(kind, options) for kind in options.databases or KINDS]
    return int(any(faults))


def _attack(kind: str, options: argparse.Namespace) -> int:
    with fresh_database(kind) as url, tempfile.TemporaryDirectory() as directory:
        environ = {"DATABASE_URL": url, "INSTANCE_PATH": directory, "REGISTRATION": "open"}
        server = LiveServer(environ, Path(directory, "server.log")).start()
        try:
            app = create_app(Config.from_env(server.environ))
            campaign = Campaign(app, OverHttp(server.url), seed=options.seed)
            campaign.run(options.requests, report=lambda message: print(message, flush=True))
            differences = campaign.verify()
            with app.app_context():
                db.engine.dispose()
        finally:
            server.stop()
        logged = ["traceback in the log"] if "Traceback" in server.log else []
        if logged:
            print(server.log[-6000:])
    for fault in [*campaign.faults[:20], *differences, *logged]:
        print(fault)
    count = sum(campaign.statuses.values())
    by_status = ", ".join(f"{n} × {status}" for status, n in sorted(campaign.statuses.items()))
    print(f"{kind}: {count} requests with seed {options.seed}: {by_status}")
    print(f"{len(campaign.faults)} faults; the ledger {'DIFFERS' if differences else 'verifies'}.")
    problems = len(campaign.faults) + len(differences) + len(logged)
    counted = {"requests": count, "problems": problems, "seed": options.seed}
    figures.report(f"attack-{kind}", counted, options.figures)
    return problems


if __name__ == "__main__":
    sys.exit(main())
