"""Values that columns and the API share."""

from __future__ import annotations

from enum import StrEnum


class TxnType(StrEnum):
    RECEIVE = "RECEIVE"
    RESERVE = "RESERVE"
    UNRESERVE = "UNRESERVE"
    ISSUE = "ISSUE"


class QcStatus(StrEnum):
    QUARANTINE = "QUARANTINE"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class Kind(StrEnum):
    """What an operation was, in the words of the business."""

    RECEIPT = "RECEIPT"
    RESERVATION = "RESERVATION"
    UNRESERVATION = "UNRESERVATION"
    ISSUE = "ISSUE"
    QC = "QC"
    SCRAP = "SCRAP"
    SUPPLIER_RETURN = "SUPPLIER_RETURN"
    CUSTOMER_RETURN = "CUSTOMER_RETURN"
    COUNT = "COUNT"
    SPLIT = "SPLIT"
    REVERSAL = "REVERSAL"
    EXPIRY = "EXPIRY"
    IMPORT = "IMPORT"


class CodeKind(StrEnum):
    GTIN = "GTIN"
    TEXT = "TEXT"


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    INSPECTOR = "inspector"
    ADMIN = "admin"
