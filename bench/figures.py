"""Write the table of figures in docs/benchmarks.md and its plot from the stored results.

    python -m bench.figures [--run] [--faults FOLDER]

`--run` runs all benchmarks first, on both databases: an hour and a half, on an idle machine.
Without it the stored results are used. `--faults`: the folder of counts of the fault tests
(docs/faults.md).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import plot, results
from tests.support.databases import KINDS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "screenshots" / "throughput.svg"
BEGIN, END = "<!-- figures: python -m bench.figures -->", "<!-- /figures -->"

#: All benchmarks; earlier ones create the databases that later ones need.
RUNS = (
    ("bench.dataset", "--verify"),
    ("bench.pages",),
    ("bench.costs",),
    ("bench.load", "--entries", "1000", "100000", "1000000"),
    ("bench.api",),
    ("bench.imports",),
    ("bench.memory",),
)

Found = tuple[str, bool] | None


@dataclass(frozen=True)
class Figure:
    name: str
    goal: str
    #: Returns text of the result on a database and whether it meets the goal; None if not measured.
    read: Callable[[str], Found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="measure everything first")
    parser.add_argument("--faults", type=Path, help="a folder of counts of docs/faults.md")
    options = parser.parse_args()
    if options.run:
        for kind in KINDS:
            for module, *arguments in RUNS:
                subprocess.run([sys.executable, "-m", module, kind, *arguments], check=True)
    for path in sorted(options.faults.glob("*.json")) if options.faults else ():
        counts = json.loads(path.read_text("utf-8"))
        results.save("fault", path.stem, {"counts": counts})
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", "utf-8")
    PLOT.write_text(plot.draw({kind: _loads(kind) for kind in KINDS}), "utf-8")
    print(table())


def table() -> str:
    lines = ["| figure | target | SQLite | PostgreSQL |", "|---|---|---|---|"]
    for figure in FIGURES:
        cells = [_cell(figure.read(kind)) for kind in KINDS]
        lines.append(f"| {figure.name} | {figure.goal} | {' | '.join(cells)} |")
    runs = {(result["at"], result["machine"]) for result in _all() if "at" in result}
    measured_on = "; ".join(f"{machine}, {day}" for day, machine in sorted(runs))
    return "\n".join([*lines, "", f"Measured on: {measured_on}. **Bold**: not reached."])


def _cell(found: Found) -> str:
    if found is None:
        return "–"
    text, is_reached = found
    return text if is_reached else f"**{text}**"


def _all() -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in results.folder().glob("*.json")]


# --- benchmarks -----------------------------------------------------------------------------------


def _loads(kind: str) -> list[dict[str, Any]]:
    return results.read("load", kind).get("rows", [])


def _load(kind: str, request: str, clients: int, entries: int = 1_000_000) -> dict[str, Any]:
    for load in _loads(kind):
        if (load["asked"], load["clients"], load["entries"]) == (request, clients, entries):
            return load
    return {}


def _cost(name: str) -> Callable[[str], Found]:
    def read(kind: str) -> Found:
        costs = results.read("costs", kind).get("milliseconds", {}).get(name)
        if not costs:
            return None
        small, large = (costs[size(costs, key=int)] for size in (min, max))
        return f"{large / small:.2f} ({small:.1f} → {large:.1f} ms)", large / small <= 1.3

    return read


def _baseline_share(clients: int, minimum: dict[str, float]) -> Callable[[str], Found]:
    def read(kind: str) -> Found:
        load = _load(kind, "reserve", clients)
        if not load:
            return None
        share = load["a second"] / load["floor"]
        words = f"{share:.2f} ({load['a second']:,.0f} of {load['floor']:,.0f}/s)"
        return words, share >= minimum.get(kind, 0)

    return read


def _p99(kind: str) -> Found:
    load = _load(kind, "reserve", 8)
    if not load:
        return None
    return f"{load['p99']:.0f} ms", kind != "sqlite" or load["p99"] <= 60


def _fair(kind: str) -> Found:
    load = _load(kind, "reserve", 8)
    if not load:
        return None
    share = load["slowest client of fastest"]
    words = f"{load['longest'] / 1000:.2f} s; {share:.2f}; 0 errors"
    return words, load["longest"] <= 1500 and share >= 0.5


def _bulk(kind: str) -> Found:
    found = results.read("api", kind).get("batches")
    if not found:
        return None
    minimum = min(times for name, times in found.items() if "any" not in name)
    return f"{minimum:.1f}", minimum >= {"sqlite": 8, "postgresql": 20}[kind]


def _verified(kind: str) -> Found:
    found = results.read("verify-1000000", kind)
    return (f"{found['a second']:,}/s", found["a second"] >= 100_000) if found else None


def _memory(kind: str) -> Found:
    found = results.read("memory", kind).get("megabytes")
    if not found:
        return None
    half, last = found[len(found) // 2][1], found[-1][1]
    return f"{last:.0f} MB ({half:.0f} at half)", last <= 120 and last - half <= 5


def _pages(kind: str) -> Found:
    found = results.read("pages", kind).get("pages")
    if not found:
        return None
    names = ("dashboard", "items, search keystroke", "item", "lot", "ledger")
    ratios = {name: found[name]["p50"] / found[name]["small"] for name in names}
    worst, slowest = max(ratios.values()), max(found[name]["p95"] for name in names)
    return f"{worst:.2f}; {slowest:.0f} ms", worst <= 1.5 and slowest <= 50


def _imported(kind: str) -> Found:
    found = results.read("imports", kind)
    if not found:
        return None
    is_reached = found["seconds"] <= 30 and found["megabytes"] <= 300
    return f"{found['seconds']:.0f} s, {found['megabytes']} MB", is_reached


# --- fault tests ----------------------------------------------------------------------------------


def _counts(run: str, kind: str) -> list[dict[str, Any]]:
    """Return the counts of a fault test, without the negative controls."""
    found = [
        results.read("fault", path.stem.removeprefix("fault-"))["counts"]
        for path in sorted(results.folder().glob(f"fault-{run}-{kind}*.json"))
    ]
    return [
        counts for counts in found if "=" not in counts["run"] and "mutant" not in counts["run"]
    ]


def _faults(run: str, unit: str, *names: str, minimum: dict[str, int]) -> Callable[[str], Found]:
    def read(kind: str) -> Found:
        runs = _counts(run, kind)
        if not runs:
            return None
        sums = [sum(counts[name] for counts in runs) for name in names]
        problems = sum(counts["problems"] for counts in runs)
        text = f"{' / '.join(f'{total:,}' for total in sums)}{unit}: {problems} problems"
        return text, problems == 0 and sums[-1] >= minimum.get(kind, 0)

    return read


def _control(kind: str) -> Found:
    found = [
        results.read("fault", path.stem.removeprefix("fault-"))["counts"]
        for path in sorted(results.folder().glob(f"fault-powercut-{kind}-*=*.json"))
    ]
    if not found:
        return None
    text = "; ".join(f"{counts['lost']} lost, cuts: {counts['cuts']}" for counts in found)
    return text, all(counts["lost"] for counts in found)


_SHARES = {1: {"postgresql": 0.4}, 8: {"postgresql": 0.3}}
FIGURES = (
    Figure("kills of the server or its workers / of the postmaster, under load",
           "≥ 300 / ≥ 50: 0 lost, duplicated or damaged",
           _faults("chaos", "", "kills", "postmaster_kills", minimum={})),
    Figure("simulated power cuts", "≥ 50, ≥ 20: 0 lost",
           _faults("powercut", "", "cuts", minimum={"sqlite": 50, "postgresql": 20})),
    Figure("same, without waiting for the disk", "must lose", _control),
    Figure("requests disturbed by the network", "≥ 5,000: 0",
           _faults("chaos", "", "spoilt", minimum={"sqlite": 5000, "postgresql": 5000})),
    Figure("operations answered / reads, checked against the order of the clients' clocks",
           "≥ 10,000: 0",
           _faults("chaos", "", "granted", "looks", minimum={})),
    Figure("one key, eight requests at once: rounds", "≥ 1,000: 1 row, 8 equal answers",
           _faults("same-key", "", "rounds", minimum={"sqlite": 1000, "postgresql": 1000})),
    Figure("API, fuzzed from its OpenAPI document: requests", "≥ 10,000: 0",
           _faults("api-fuzz", "", "requests", minimum={"sqlite": 10_000, "postgresql": 10_000})),
    Figure("forms and routes, with hostile values: requests", "≥ 100,000: 0",
           _faults("attack", "", "requests", minimum={"sqlite": 100_000, "postgresql": 100_000})),
    Figure("operation, 1,000,000 entries to 1,000, spread over lots", "≤ 1.3",
           _cost("spread")),
    Figure("same, in one lot with a tenth of all entries", "≤ 1.3", _cost("one lot")),
    Figure("reserve over HTTP, 1 client: share of the bare database's rate",
           "≥ 0.4 (PostgreSQL)", _baseline_share(1, _SHARES[1])),
    Figure("same, 8 clients", "≥ 0.3 (PostgreSQL)", _baseline_share(8, _SHARES[8])),
    Figure("reserve over HTTP, 8 clients: p99", "≤ 60 ms (SQLite)", _p99),
    Figure("8 writers: longest wait; slowest to fastest client; lock errors", "≤ 1.5 s; ≥ 0.5; 0",
           _fair),
    Figure("batches of 1,000 to single calls", "≥ 8, ≥ 20", _bulk),
    Figure("verification of 1,000,000 entries", "≥ 100,000/s", _verified),
    Figure("memory of a worker after 100,000 requests", "≤ 120 MB, flat", _memory),
    Figure("dashboard, keystroke, item, lot, ledger: 1,000,000 entries to 1,000; p95",
           "≤ 1.5; ≤ 50 ms", _pages),
    Figure("import of 50,000 lots", "≤ 30 s, ≤ 300 MB", _imported),
)  # fmt: skip


if __name__ == "__main__":
    main()
