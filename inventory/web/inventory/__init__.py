"""Pages of stock: items, lots, reservations, ledger, reports, files."""
