"""Codes: what a scanner reads, what it stands for, and which of them people linked.

`scan` tells what was scanned, without any database; `resolve` what it is in this warehouse;
`link` and `unlink` teach it codes that it does not know.
"""

from inventory.barcodes.links import CodeLink, find_link, gtin_of, link, read_links, unlink
from inventory.barcodes.parser import LONGEST_SCAN, Scan, parse_scan
from inventory.barcodes.resolver import ScanResolution, resolve

__all__ = [
    "LONGEST_SCAN",
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
