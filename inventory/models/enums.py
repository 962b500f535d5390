"""Values that columns and the API share."""

from __future__ import annotations

from enum import StrEnum


class TxnType(StrEnum):
    """Transaction type of a ledger entry."""

    RECEIVE = "RECEIVE"
    RESERVE = "RESERVE"
    UNRESERVE = "UNRESERVE"
    ISSUE = "ISSUE"


class QcStatus(StrEnum):
    """QC status of a lot."""

    QUARANTINE = "QUARANTINE"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class Kind(StrEnum):
    """Kind of an operation, in business terms."""

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
    """Kind of a linked barcode."""

    GTIN = "GTIN"
    TEXT = "TEXT"


class Role(StrEnum):
    """Role of a user, from least to most permissions."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    INSPECTOR = "inspector"
    ADMIN = "admin"
