"""What a check found: a verdict, a sentence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    LOOK = "look at"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class CheckResult:
    name: str
    verdict: Verdict
    said: str
    #: What to do about it; empty when all is well.
    advice: str = ""


def ok(name: str, message: str) -> CheckResult:
    return CheckResult(name, Verdict.OK, message)


def warning(name: str, message: str, advice: str) -> CheckResult:
    return CheckResult(name, Verdict.LOOK, message, advice)


def error(name: str, message: str, advice: str) -> CheckResult:
    return CheckResult(name, Verdict.WRONG, message, advice)


def size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
