"""Hostile and damaged files are read or refused within the memory limit."""

from __future__ import annotations

import os
import random
import re

from tests.support.hostile_files import HOSTILE, mutants
from tests.support.limited_reader import read_limited

SEED = 20271130
#: The nightly run reads all; every third one is read in a short run, and all that are small.
STEP = 1 if os.environ.get("NIGHTLY") else 3


def test_hostile_file_is_read_or_refused_within_the_memory_limit() -> None:
    chosen = dict(list(HOSTILE.items())[::STEP])
    outcomes = read_limited({name: content for name, (content, _) in chosen.items()})
    wrong = {}
    for name, (_, message) in chosen.items():
        kind, detail, _ = outcomes[name]
        expected = "refused" if message else "read"
        if kind != expected or (message and not re.search(message, detail)):
            wrong[name] = (kind, detail)
    assert wrong == {}


def test_small_file_is_read_in_under_5_seconds() -> None:
    names = [name for name, (content, _) in HOSTILE.items() if len(content) < 10_000]
    outcomes = read_limited({name: HOSTILE[name][0] for name in names})
    slow = {name: seconds for name, (_, _, seconds) in outcomes.items() if seconds > 5}
    assert slow == {}


def test_damaged_files_are_read_or_refused() -> None:
    files = {str(n): content for n, content in enumerate(mutants(random.Random(SEED), 500))}
    outcomes = read_limited(files)
    broken = {name: message for name, (kind, message, _) in outcomes.items() if kind == "broken"}
    assert broken == {}
    kinds = [kind for kind, _, _ in outcomes.values()]
    assert min(kinds.count("read"), kinds.count("refused")) > 100
