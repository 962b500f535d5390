"""Catalogs of the texts of pages and tablets, by language.

`messages` has the texts of pages, refusals and warnings, `scripts` those of the tablet's scripts.
English texts are in the code and need no catalog. `make messages` brings the catalogs up to date
(docs/translating.md). May import no other package of the product.
"""

from __future__ import annotations
