"""docs/security.md: its tests exist, and each requirement is listed once."""

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


def test_each_listed_test_exists() -> None:
    listed = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", TEXT)
    assert len(listed) > 90
    for file, test in listed:
        path = ROOT / file
        assert path.exists(), file
        assert not test or test in names_in(path), f"{file}::{test}"


def test_each_requirement_is_listed_once_and_in_order() -> None:
    assert len(ROWS) > 120
    ids = [number for row in ROWS for number in row[0].removeprefix("| ").split(", ")]
    assert all(re.fullmatch(r"V\d+(\.\d+(\.\d+(–\d+)?)?)?", number) for number in ids), ids
    assert len(ids) == len(set(ids))
    chapters = [int(row[0].removeprefix("| V").split(".")[0]) for row in ROWS]
    assert chapters == sorted(chapters)
    assert set(chapters) == set(range(1, 18))


def test_each_requirement_has_a_test_or_a_dash() -> None:
    for row in ROWS:
        assert len(row) == 4, row
        assert row[3].strip(" |") == "–" or "tests/" in row[3], row
