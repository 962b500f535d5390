"""Items, lots and reservations: the read side of the ledger.

May import `models` and the layers below.
"""
