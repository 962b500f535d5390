"""Deprecated name: `python -m inventory.serve` starts `inventory.server`."""

from __future__ import annotations

import sys

from inventory.server import main

if __name__ == "__main__":
    print(
        "inventory.serve is deprecated: start `python -m inventory.server` instead.",
        file=sys.stderr,
    )
    main()
