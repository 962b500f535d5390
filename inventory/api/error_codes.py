"""Description of each refusal code for the OpenAPI document.

Status and title are in `inventory.http.error_handlers`.
"""

from __future__ import annotations

WHEN = {
    "INSUFFICIENT_STOCK": "More is asked for than is free: how much is free, what is on hold, and"
    " which reservations hold the rest is told.",
    "OVER_ISSUE": "More is to be issued than the reservation holds.",
    "OVER_UNRESERVE": "More is to be given back than the reservation holds.",
    "OVER_RETURN": "More is to come back than went out and is not back yet.",
    "QC_BLOCKED": "The lot, or stock that would be enough, is in quarantine or rejected.",
    "LOT_EXPIRED": "The lot, or stock that would be enough, has expired.",
    "DUPLICATE_LOT": "The item has a lot of that code already.",
    "DUPLICATE_ITEM": "There is an item of that code already.",
    "DUPLICATE_CODE": "The code stands for another item or lot already: unlink it there first.",
    "LOOKS_LIKE": "The new code of an item or lot cannot be told apart from a code that exists:"
    " it differs in case, blanks or look-alike characters only.",
    "QC_TRANSITION": "A lot of this QC status cannot get that one: `allowed` names those it can.",
    "NOT_REVERSIBLE": "Reversed already, or its stock was used meanwhile: `operations` names what"
    " is in the way.",
    "STALE_LOT": "The lot changed since it was counted: choose a `resolution`.",
    "IDEMPOTENCY_KEY_REUSED": "The same Idempotency-Key came with other content before.",
    "IDEMPOTENCY_KEY_MISSING": "A write came without an Idempotency-Key.",
    "IDEMPOTENCY_IN_PROGRESS": "The first request with this key is still being worked on: send"
    " the same again after Retry-After.",
    "INVALID_QTY": "Not a quantity, zero, negative, too large, or finer than the item is counted.",
    "INVALID_INPUT": "A field or parameter is missing, unknown, of the wrong type or not possible:"
    " `field` names it.",
    "INVALID_CODE": "A scanned code that cannot be read, or is not one of this warehouse:"
    " `problem` tells in one word why.",
    "NOT_FOUND": "There is no such item, lot, reservation, operation, code or address.",
    "FORBIDDEN": "The token's role does not allow this, or the operation to reverse is another"
    " user's or too old.",
    "UNAUTHENTICATED": "No token, or one that is unknown, revoked or expired.",
    "BUSY": "The database cannot answer now: send the same again, with the same key, after"
    " Retry-After.",
    "NOT_READY": "The service cannot work yet: the reason is told.",
    "MALFORMED_REQUEST": "The body is not JSON in UTF-8, or names something twice.",
    "METHOD_NOT_ALLOWED": "The address does not know the method: Allow names those it does.",
    "CONTENT_TOO_LARGE": "The body is larger than 1 MiB.",
    "UNSUPPORTED_MEDIA_TYPE": "The body is not sent as application/json.",
    "INTERNAL_ERROR": "A fault of ours.",
}

#: Codes of all endpoints, and of all that write.
ALWAYS = ("INVALID_INPUT", "UNAUTHENTICATED", "BUSY", "INTERNAL_ERROR")
WRITING = (
    "FORBIDDEN", "IDEMPOTENCY_KEY_MISSING", "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS",
    "MALFORMED_REQUEST", "CONTENT_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "INVALID_QTY",
)  # fmt: skip
