"""Items, lots and reservations: the read side of the ledger."""
