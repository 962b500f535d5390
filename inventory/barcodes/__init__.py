"""Barcodes: parse scans, resolve them to records, and link barcodes.

`parse_scan` parses a scan without a database, `resolve` finds its record, and `link` and `unlink`
manage linked barcodes.

May import `ledger`, `catalog` and `pictures` and the layers below.
"""

from inventory.barcodes.links import CodeLink, find_link, gtin_of, link, read_links, unlink
from inventory.barcodes.parser import MAX_SCAN, Scan, parse_scan
from inventory.barcodes.resolver import ScanResolution, resolve

__all__ = [
    "MAX_SCAN",
    "CodeLink",
    "Scan",
    "ScanResolution",
    "find_link",
    "gtin_of",
    "link",
    "parse_scan",
    "read_links",
    "resolve",
    "unlink",
]
