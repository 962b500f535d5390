"""Description of each refusal code for the OpenAPI document.

Status and title are in `inventory.http.error_handlers`.
"""

from __future__ import annotations

WHEN = {
    "INSUFFICIENT_STOCK": "More is requested than is free. The figures are the free quantity,"
    " what is on hold, and the reservations that hold the rest.",
    "OVER_ISSUE": "More is to be issued than the reservation has open.",
    "OVER_UNRESERVE": "More is to be unreserved than the reservation has open.",
    "OVER_RETURN": "More is to be returned than was issued and is not back yet.",
    "QC_BLOCKED": "The lot, or stock that would be enough, is in quarantine or rejected.",
    "LOT_EXPIRED": "The lot, or stock that would be enough, has expired.",
    "DUPLICATE_LOT": "The item has a lot of that code already.",
    "DUPLICATE_ITEM": "There is an item of that code already.",
    "DUPLICATE_CODE": "The barcode is linked to another item or lot. Unlink it there first.",
    "LOOKS_LIKE": "The new code of an item or lot cannot be told apart from a code that exists:"
    " it differs in case, blanks or look-alike characters only.",
    "QC_TRANSITION": "The lot cannot change to this QC status. `allowed` lists the possible ones.",
    "NOT_REVERSIBLE": "Reversed already, or its stock was used since. `operations` lists the"
    " operations to reverse first.",
    "STALE_LOT": "The lot changed since it was counted: choose a `resolution`.",
    "IDEMPOTENCY_KEY_REUSED": "The Idempotency-Key was used with other content before.",
    "IDEMPOTENCY_KEY_MISSING": "The write has no Idempotency-Key.",
    "IDEMPOTENCY_IN_PROGRESS": "The first request with this key is in progress. Send the same"
    " request again after Retry-After.",
    "INVALID_QTY": "Not a quantity, zero, negative, too large, or with more decimal places than"
    " the item has.",
    "INVALID_INPUT": "A field or parameter is missing, unknown, of the wrong type or not possible:"
    " `field` names it.",
    "INVALID_CODE": "A scanned code that cannot be read, or a label of another warehouse."
    " `problem` is the reason in one word.",
    "NOT_FOUND": "There is no such item, lot, reservation, operation, barcode or path.",
    "FORBIDDEN": "The token's role does not allow this, or the operation to reverse is another"
    " user's or too old.",
    "UNAUTHENTICATED": "No token, or one that is unknown, revoked or expired.",
    "BUSY": "The database cannot answer now. Send the same request again, with the same key,"
    " after Retry-After.",
    "NOT_READY": "The service is not ready. The detail is the reason.",
    "MALFORMED_REQUEST": "The body is not JSON in UTF-8, or has a name twice.",
    "METHOD_NOT_ALLOWED": "The path does not support the method. The header Allow lists the"
    " supported ones.",
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
