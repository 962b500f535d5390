"""Result of a check: verdict, message and advice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Verdict of a check; `LOOK` is a warning."""

    OK = "ok"
    WARNING = "look at"
    ERROR = "wrong"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check."""

    name: str
    verdict: Verdict
    message: str
    #: What to do; empty if the check passed.
    advice: str = ""


def ok(name: str, message: str) -> CheckResult:
    """Return the result of a check that passed."""
    return CheckResult(name, Verdict.OK, message)


def warning(name: str, message: str, advice: str) -> CheckResult:
    """Return a warning."""
    return CheckResult(name, Verdict.WARNING, message, advice)


def error(name: str, message: str, advice: str) -> CheckResult:
    """Return an error."""
    return CheckResult(name, Verdict.ERROR, message, advice)


def size(number: float) -> str:
    """Format a size in bytes."""
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
