"""`make api-fuzz`: run all checks of schemathesis against a running server.

    python -m tests.api.fuzz [sqlite|postgresql] [--seconds 90] [--least 3000] [--seed N]
        [--figures FOLDER]

The server has the data of the examples, so that some requests succeed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from inventory import create_app, verification
from inventory.api import openapi
from inventory.config import Config
from inventory.db import db, snapshot
from tests.api.live import admin_token
from tests.stress.chaos import figures
from tests.support.databases import KINDS, fresh_database
from tests.support.servers import LiveServer

ROOT = Path(__file__).parents[2]


def main() -> int:
    options = _options()
    with fresh_database(options.database) as url, tempfile.TemporaryDirectory() as directory:
        environ = {"DATABASE_URL": url, "INSTANCE_PATH": directory, "LOG_LEVEL": "ERROR"}
        server = LiveServer(environ, Path(directory, "server.log")).start()
        try:
            token = admin_token(server)
            _fill(server, token)
            code, requests = _attack(server.url, token, options)
        finally:
            server.stop()
        print(f"{requests} requests on {options.database}; at least {options.least} are required.")
        if "Traceback" in server.log:
            print(server.log)
            code = code or 1
        counted = {"requests": requests, "problems": int(code != 0)}
        figures.report(f"api-fuzz-{options.database}", counted, options.figures)
        return code or int(requests < options.least)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", choices=KINDS, default="sqlite")
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--least", type=int, default=3000)
    parser.add_argument("--seed", type=int)
    figures.options(parser)
    return parser.parse_args()


def _fill(server: LiveServer, token: str) -> None:
    """Send examples of the document and verify the ledger.

    The item has six decimals, because most generated quantities have decimals.
    """
    examples = json.loads(Path(openapi.__file__).with_name("examples.json").read_text("utf-8"))
    order = (
        "create_item", "receive", "reserve", "issue", "return_from_customer", "split", "batch"
    )  # fmt: skip
    paths = {
        operation["operationId"]: path
        for path, operations in openapi.document()["paths"].items()
        for operation in operations.values()
    }
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        for name in order:
            example = examples["operations"][name]
            url = server.url + paths[name].format(**example["path"])
            headers = {"Idempotency-Key": name}
            body = example["body"] | ({"decimals": 6} if name == "create_item" else {})
            client.post(url, json=body, headers=headers).raise_for_status()
    app = create_app(Config.from_env(server.environ))
    with app.app_context():
        with snapshot() as reader:
            report = verification.verify(reader)
        verification.store_report(report=report)
        db.session.remove()
        db.engine.dispose()


def _attack(url: str, token: str, options: argparse.Namespace) -> tuple[int, int]:
    """Return the exit code of schemathesis and the number of generated requests."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{url}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {token}",
        "--checks=all",
        f"--max-time={options.seconds}",
        "--generation-database=none",
        "--request-timeout=20",
        "--no-color",
    ]
    if options.seed is not None:
        command.append(f"--seed={options.seed}")
    environ = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks"}
    with subprocess.Popen(
        command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as running:
        requests = 0
        for line in running.stdout or ():
            print(line, end="", flush=True)
            if found := re.match(r" +([0-9]+) generated", line):
                requests = int(found[1])
    return running.returncode, requests


if __name__ == "__main__":
    sys.exit(main())
