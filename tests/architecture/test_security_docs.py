"""docs/security.md: each test that it names exists, each requirement stands there once."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = [line.split(" | ") for line in TEXT.splitlines() if re.match(r"\| V\d", line)]


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", TEXT)
    assert len(named) > 90
    for file, test in named:
        path = ROOT / file
        assert path.exists(), file
        assert not test or test in names_in(path), f"{file}::{test}"


def test_each_requirement_stands_once_in_order_and_says_how_it_is_met() -> None:
    assert len(ROWS) > 120
    ids = [one for row in ROWS for one in row[0].removeprefix("| ").split(", ")]
    assert all(re.fullmatch(r"V\d+(\.\d+(\.\d+(–\d+)?)?)?", one) for one in ids), ids
    assert len(ids) == len(set(ids))
    chapters = [int(one[1:].split(".")[0]) for one in (row[0][2:] for row in ROWS)]
    assert chapters == sorted(chapters)
    assert set(chapters) == set(range(1, 18))


def test_what_has_no_test_says_why_or_is_no_matter_of_the_code() -> None:
    for row in ROWS:
        assert len(row) == 4, row
        assert row[3].strip(" |") == "–" or "tests/" in row[3], row
