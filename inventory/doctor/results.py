"""What a check found: a verdict, a sentence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    LOOK = "look at"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    verdict: Verdict
    said: str
    #: What to do about it; empty when all is well.
    advice: str = ""


def ok(name: str, said: str) -> Check:
    return Check(name, Verdict.OK, said)


def look(name: str, said: str, advice: str) -> Check:
    return Check(name, Verdict.LOOK, said, advice)


def wrong(name: str, said: str, advice: str) -> Check:
    return Check(name, Verdict.WRONG, said, advice)


def size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
