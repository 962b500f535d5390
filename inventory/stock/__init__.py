"""Items, lots and reservations as they are: the read side of the ledger. Imports `models`."""
