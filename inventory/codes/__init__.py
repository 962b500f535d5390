"""Codes: what a scanner reads, what it stands for, and which of them people linked.

`scan` tells what was scanned, without any database; `resolve` what it is in this warehouse;
`link` and `unlink` teach it codes that it does not know.
"""

from inventory.codes.linking import Link, find_link, gtin_of, link, read_links, unlink
from inventory.codes.resolving import Found, resolve
from inventory.codes.scanning import LONGEST_SCAN, Scan, scan

__all__ = [
    "LONGEST_SCAN",
    "Found",
    "Link",
    "Scan",
    "find_link",
    "gtin_of",
    "link",
    "read_links",
    "resolve",
    "scan",
    "unlink",
]
