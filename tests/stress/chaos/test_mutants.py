"""Mutants of the product whose faults a chaos run must find."""

from __future__ import annotations

import pytest

from tests.stress.chaos.run import Plan, run


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("mutant", "strikes", "words"),
    [
        ("keys-forgotten", 0, "done 2 times"),
        pytest.param(
            "answer-before-commit", 4, "acknowledged, and lost", marks=pytest.mark.nightly
        ),
    ],
)
def test_a_mutant_is_found(mutant: str, strikes: int, words: str) -> None:
    plan = Plan("sqlite", strikes, fault_rate=0.3, seed=3, answers=60, mutant=mutant)
    outcome = run(plan)
    assert words in "\n".join(outcome.problems)
