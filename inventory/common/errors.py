"""All errors and refusals of the core, without any HTTP.

A refusal has a stable `code`, a sentence for warehouse workers, and figures that are ready for JSON
(quantities as decimal strings, snake_case names).
"""

from __future__ import annotations

from typing import Any, ClassVar

from inventory.common.messages import Message, from_json, message, to_json


class InventoryError(Exception):
    """Base class of all errors that the inventory raises on purpose."""


class Refusal(InventoryError):
    """Raised for a request that is understood and not carried out."""

    code: ClassVar[str] = ""
    #: Whether the refusal is stored as the outcome of its idempotency key.
    remembered: ClassVar[bool] = False
    #: Whether this refusal was stored by an earlier request with the same key.
    replayed: bool = False

    def __init__(self, detail: str, **figures: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.figures = figures


class BusinessRefusal(Refusal):
    """A refusal by a rule of stock or master data, stored under the idempotency key."""

    remembered = True


class InsufficientStock(BusinessRefusal):
    """Less stock is free or available than requested."""

    code = "INSUFFICIENT_STOCK"


class OverIssue(BusinessRefusal):
    """More is to be issued than the reservation has open."""

    code = "OVER_ISSUE"


class OverUnreserve(BusinessRefusal):
    """More is to be unreserved than the reservation has open."""

    code = "OVER_UNRESERVE"


class OverReturn(BusinessRefusal):
    """More is to come back than went out."""

    code = "OVER_RETURN"


class QcBlocked(BusinessRefusal):
    """The stock is in quarantine or rejected."""

    code = "QC_BLOCKED"


class LotExpired(BusinessRefusal):
    """The lot has expired."""

    code = "LOT_EXPIRED"


class DuplicateLot(BusinessRefusal):
    """The item has a lot with this code already."""

    code = "DUPLICATE_LOT"


class DuplicateItem(BusinessRefusal):
    """An item with this code already exists."""

    code = "DUPLICATE_ITEM"


class LooksLike(BusinessRefusal):
    """The new code cannot be told apart from a code that exists."""

    code = "LOOKS_LIKE"


class DuplicateCode(BusinessRefusal):
    """The barcode identifies an item or a lot already."""

    code = "DUPLICATE_CODE"


class QcTransition(BusinessRefusal):
    """The lot cannot change to this QC status."""

    code = "QC_TRANSITION"


class NotReversible(BusinessRefusal):
    """The operation cannot be reversed."""

    code = "NOT_REVERSIBLE"


class StaleLot(BusinessRefusal):
    """The lot changed after it was counted."""

    code = "STALE_LOT"


class IdempotencyKeyReused(Refusal):
    """The key was used for a request with other content."""

    code = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyKeyMissing(Refusal):
    """The request has no idempotency key."""

    code = "IDEMPOTENCY_KEY_MISSING"


class IdempotencyInProgress(Refusal):
    """The first request with this key is not finished yet."""

    code = "IDEMPOTENCY_IN_PROGRESS"


class InvalidInput(Refusal):
    """Malformed input; `field` names the field."""

    code = "INVALID_INPUT"

    def __init__(self, detail: str, *, field: str, **figures: Any) -> None:
        super().__init__(detail, field=field, **figures)
        self.field = field


class StateConflict(InvalidInput):
    """Input that the present state does not allow, such as a receipt into an archived item.

    It has the code of malformed input. Since the state can change, it is stored under the key: the
    same request must not be carried out later.
    """

    remembered = True


class InvalidQty(InvalidInput):
    """A malformed quantity."""

    code = "INVALID_QTY"


class TooManyDecimals(InvalidQty):
    """A quantity with more decimals than the item is counted in."""


class QtyConflict(InvalidQty):
    """A quantity that the present state does not allow; stored under the key."""

    remembered = True


class InvalidCode(InvalidInput):
    """An unreadable barcode; `problem` is a stable word for what is wrong."""

    code = "INVALID_CODE"

    def __init__(self, detail: str, *, problem: str, field: str = "raw", **figures: Any) -> None:
        super().__init__(detail, field=field, problem=problem, **figures)


class NotFound(Refusal):
    """A record that does not exist."""

    code = "NOT_FOUND"


class Forbidden(Refusal):
    """An action that the user is not allowed to do."""

    code = "FORBIDDEN"


class Unauthenticated(Refusal):
    """Wrong or missing credentials."""

    code = "UNAUTHENTICATED"


class TooManyDownloads(Refusal):
    """Too many downloads at the same time."""

    code = "TOO_MANY_DOWNLOADS"


class Busy(InventoryError):
    """The database cannot answer now.

    The request can be fine: it can be sent again with the same key.
    """

    code: ClassVar[str] = "BUSY"

    def __init__(
        self, detail: str = message("The inventory is busy. Try again in a moment.")
    ) -> None:
        super().__init__(detail)
        self.detail = detail


class EnvironmentProblem(InventoryError):
    """A problem outside the inventory: with a file, a program or a server."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CorruptBackup(EnvironmentProblem):
    """A backup that differs from its manifest."""


def refusal_to_json(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as JSON values, to be stored."""
    stored = {"code": refusal.code, "detail": refusal.detail, "figures": refusal.figures}
    if isinstance(refusal.detail, Message):
        stored["message"] = to_json(refusal.detail)
    return stored


def refusal_from(stored: dict[str, Any]) -> Refusal:
    """Return the stored refusal as an exception; without a message, it is in English only."""
    kinds: list[type[Refusal]] = [*BusinessRefusal.__subclasses__(), StateConflict, QtyConflict]
    detail = from_json(stored["message"]) if "message" in stored else stored["detail"]
    return {kind.code: kind for kind in kinds}[stored["code"]](detail, **stored["figures"])


def refusal_codes() -> list[str]:
    """Return every code of a refusal; a test compares them with docs/api.md."""
    found: set[str] = set()
    kinds: list[type[Refusal]] = [Refusal]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.code:
            found.add(kind.code)
    return sorted(found)
