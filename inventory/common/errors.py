"""Why the inventory says no: one tree of refusals, without any HTTP.

A refusal carries a stable `code`, a sentence that a warehouse worker understands, and the
figures behind it (JSON-ready: quantities as decimal strings, snake_case names).
"""

from __future__ import annotations

from typing import Any, ClassVar


class InventoryError(Exception):
    """The root of everything the inventory raises on purpose."""


class Refusal(InventoryError):
    """A request that is understood and will not be carried out."""

    code: ClassVar[str] = ""
    #: A business refusal is the one outcome of its key for ever; a malformed request is not.
    remembered: ClassVar[bool] = False
    #: Whether this is the answer given to the same key before.
    replayed: bool = False

    def __init__(self, detail: str, **figures: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.figures = figures


class BusinessRefusal(Refusal):
    remembered = True


class InsufficientStock(BusinessRefusal):
    code = "INSUFFICIENT_STOCK"


class OverIssue(BusinessRefusal):
    code = "OVER_ISSUE"


class OverUnreserve(BusinessRefusal):
    code = "OVER_UNRESERVE"


class QcBlocked(BusinessRefusal):
    code = "QC_BLOCKED"


class LotExpired(BusinessRefusal):
    code = "LOT_EXPIRED"


class DuplicateLot(BusinessRefusal):
    code = "DUPLICATE_LOT"


class DuplicateItem(BusinessRefusal):
    code = "DUPLICATE_ITEM"


class DuplicateCode(BusinessRefusal):
    """The scanned code stands for something else already."""

    code = "DUPLICATE_CODE"


class QcTransition(BusinessRefusal):
    code = "QC_TRANSITION"


class NotReversible(BusinessRefusal):
    code = "NOT_REVERSIBLE"


class StaleLot(BusinessRefusal):
    code = "STALE_LOT"


class IdempotencyKeyReused(Refusal):
    code = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyKeyMissing(Refusal):
    code = "IDEMPOTENCY_KEY_MISSING"


class IdempotencyInProgress(Refusal):
    code = "IDEMPOTENCY_IN_PROGRESS"


class InvalidInput(Refusal):
    """Malformed input; `field` names what is wrong with it."""

    code = "INVALID_INPUT"

    def __init__(self, detail: str, *, field: str, **figures: Any) -> None:
        super().__init__(detail, field=field, **figures)
        self.field = field


class InvalidQty(InvalidInput):
    code = "INVALID_QTY"


class InvalidCode(InvalidInput):
    """A scanned code that cannot be read; `problem` is what is wrong with it, in one word."""

    code = "INVALID_CODE"

    def __init__(self, detail: str, *, problem: str, field: str = "raw", **figures: Any) -> None:
        super().__init__(detail, field=field, problem=problem, **figures)


class NotFound(Refusal):
    code = "NOT_FOUND"


class Forbidden(Refusal):
    code = "FORBIDDEN"


class Unauthenticated(Refusal):
    code = "UNAUTHENTICATED"


class TooManyDownloads(Refusal):
    code = "TOO_MANY_DOWNLOADS"


class Busy(InventoryError):
    """The database cannot answer now. Nothing is known to be wrong with the request: the same
    request with the same key may be sent again."""

    code: ClassVar[str] = "BUSY"

    def __init__(self, detail: str = "The inventory is busy. Try again in a moment.") -> None:
        super().__init__(detail)
        self.detail = detail


class EnvironmentProblem(InventoryError):
    """Something around the inventory is not as it must be: a file, a program, a server."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CorruptBackup(EnvironmentProblem):
    """A backup that does not hold what it should."""


def refusal_from(code: str, detail: str, figures: dict[str, Any]) -> Refusal:
    """The remembered refusal, as it was first given."""
    kinds = {kind.code: kind for kind in BusinessRefusal.__subclasses__()}
    return kinds[code](detail, **figures)


def refusal_codes() -> list[str]:
    """Every code a refusal can carry: documented in docs/api.md, held by a test."""
    found: set[str] = set()
    kinds: list[type[Refusal]] = [Refusal]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.code:
            found.add(kind.code)
    return sorted(found)
