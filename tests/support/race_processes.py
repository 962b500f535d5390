"""Run operations at the same time, in threads or in processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from inventory import ledger
from inventory.common.errors import InventoryError


def race(app: Flask, runners: int, action: Callable[[int], object]) -> list[object]:
    """Run `action` in `runners` threads at once; return what each returned or raised."""
    barrier = threading.Barrier(runners)
    outcomes: list[object] = [None] * runners

    def run(number: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                outcomes[number] = action(number)
            except Exception as error:
                outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def race_processes(
    environ: dict[str, str], runners: int, tries: int, *, user_id: int, lot_id: int
) -> Counter[str]:
    """Start processes that each reserve 1 from the lot `tries` times; count the outcomes."""
    start = time.time() + 4
    command = [sys.executable, "-m", "tests.support.race_processes"]
    arguments = [json.dumps([start, tries, user_id, lot_id])]
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen([*command, *arguments], env=environ, cwd=root, stdout=subprocess.PIPE)
        for _ in range(runners)
    ]
    total: Counter[str] = Counter()
    for process in running:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        total.update(json.loads(output))
    return total


def main() -> None:
    from inventory import create_app

    start, tries, user_id, lot_id = json.loads(sys.argv[1])
    outcomes: Counter[str] = Counter()
    with create_app().app_context():
        time.sleep(max(0.0, start - time.time()))
        for _ in range(tries):
            try:
                ledger.reserve(
                    user_id=user_id,
                    key=uuid.uuid4().hex,
                    item="BOLT",
                    qty=1,
                    reference="RACE",
                    lots=[ledger.LotQuantity(lot_id=lot_id, qty=1)],
                )
                outcomes["granted"] += 1
            except InventoryError as error:
                outcomes[getattr(error, "code", "?")] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
