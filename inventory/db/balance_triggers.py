"""Balance tables, which triggers update and lists of the whole warehouse read.

`lot_heads` has the balance of each lot, `item_heads` the sums of each item's lots, and `open_lines`
what reservations hold. The tables are derived data and never used to decide a write; `rebuild`
fills them from the ledger at any time.
"""

# ruff: noqa: S608 - every name in these statements is defined in this file

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.engine import Connection

_BALANCES = (
    "lot_id, item_id, lot_seq, on_hand, reserved, stocked, qc_status, expires_on, received_at"
)
_ITEMS = "item_id, on_hand, reserved, held"
_LINES = "reservation_id, lot_id, item_id, open, expires_at, usable_until"
#: The last day on which a lot is usable: NULL means no limit, 0001-01-01 means not usable.
_UNTIL = "CASE WHEN {0}.qc_status = 'APPROVED' THEN {0}.expires_on ELSE '0001-01-01' END"

_LAST_ENTRIES = (
    "SELECT e.lot_id, e.item_id, e.lot_seq, e.on_hand_after, e.reserved_after,"
    " e.on_hand_after > 0, l.qc_status, l.expires_on, l.received_at"
    " FROM inventory_ledger e JOIN inventory_lots l ON l.id = e.lot_id WHERE e.lot_seq ="
    " (SELECT max(lot_seq) FROM inventory_ledger x WHERE x.lot_id = l.id)"
)
_LAST_LINES = (
    "SELECT e.reservation_id, e.lot_id, e.item_id, e.open_after, r.expires_at,"
    f" {_UNTIL.format('l')} FROM inventory_ledger e"
    " JOIN reservations r ON r.id = e.reservation_id JOIN inventory_lots l ON l.id = e.lot_id"
    " WHERE e.open_after > 0 AND e.line_seq = (SELECT max(line_seq)"
    " FROM inventory_ledger x WHERE x.reservation_id = e.reservation_id AND x.lot_id = e.lot_id)"
)


def _figures(on_hand: str, reserved: str, status: str) -> tuple[str, str, str]:
    """Return an item's figures: on hand, reserved, and available but not approved."""
    held = f"CASE WHEN {status} = 'APPROVED' THEN 0 ELSE {on_hand} - {reserved} END"
    return on_hand, reserved, held


def _sums(figures: Iterable[str]) -> str:
    return ", ".join(f"CAST(sum({figure}) AS BIGINT)" for figure in figures)


_ITEM_SUMS = (
    f"SELECT item_id, {_sums(_figures('on_hand', 'reserved', 'qc_status'))}"
    " FROM lot_heads GROUP BY item_id"
)


def _moves(entry: str) -> list[str]:
    """Return what an entry adds to each of its item's columns."""
    after, before = (
        _figures(f"{entry}.on_hand_{when}", f"{entry}.reserved_{when}", "l.qc_status")
        for when in ("after", "before")
    )
    return [f"({one}) - ({other})" for one, other in zip(after, before, strict=True)]


def _set(table: str, columns: str, keys: int, how: str) -> str:
    names = columns.split(", ")
    changes = ", ".join(f"{name} = {how.format(table, name)}" for name in names[keys:])
    return f" ON CONFLICT ({', '.join(names[:keys])}) DO UPDATE SET {changes}"


_HEAD_UPSERT = _set("lot_heads", _BALANCES, 1, "excluded.{1}")
_ITEM_UPSERT = _set("item_heads", _ITEMS, 1, "{0}.{1} + excluded.{1}")
_LINE_UPSERT = " ON CONFLICT (reservation_id, lot_id) DO UPDATE SET open = excluded.open"

#: Runs when a lot's status or expiry date changes; NEW and OLD are rows of inventory_lots.
_FOLLOW_HEAD = (
    " UPDATE lot_heads SET qc_status = NEW.qc_status, expires_on = NEW.expires_on"
    " WHERE lot_id = NEW.id;"
    f" UPDATE open_lines SET usable_until = {_UNTIL.format('NEW')} WHERE lot_id = NEW.id;"
)
_FOLLOW_ITEM = (
    " UPDATE item_heads SET held = held"
    " + (CASE WHEN OLD.qc_status = 'APPROVED' THEN 1 ELSE -1 END)"
    " * (SELECT on_hand - reserved FROM lot_heads WHERE lot_id = NEW.id)"
    " WHERE item_id = NEW.item_id AND (OLD.qc_status = 'APPROVED') <> (NEW.qc_status ="
    " 'APPROVED') AND EXISTS (SELECT 1 FROM lot_heads WHERE lot_id = NEW.id);"
)


def rebuild(connection: Connection) -> None:
    """Fill the balance tables from the ledger."""
    for table in ("lot_heads", "item_heads", "open_lines"):
        connection.exec_driver_sql(f"DELETE FROM {table}")
    for table, columns, truth in _TRUTHS:
        connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) {truth}")


def differences(connection: Connection) -> list[str]:
    """Return the names of the balance tables that differ from the ledger."""
    wrong: list[str] = []
    for table, columns, truth in _TRUTHS:
        if table == "item_heads" and wrong:
            continue  # It is compared with `lot_heads`, which is wrong itself.
        both = f"SELECT {columns}, 1 AS side FROM truth UNION ALL SELECT {columns}, -1 FROM {table}"
        unmatched = f"SELECT 1 FROM ({both}) AS them GROUP BY {columns} HAVING sum(side) <> 0"
        named = f"WITH truth ({columns}) AS ({truth}) {unmatched} LIMIT 1"
        if connection.exec_driver_sql(named).first():
            wrong.append(table)
    return wrong


#: What each table must contain, derived from the ledger and the tables before it.
_TRUTHS = (
    ("lot_heads", _BALANCES, _LAST_ENTRIES),
    ("item_heads", _ITEMS, _ITEM_SUMS),
    ("open_lines", _LINES, _LAST_LINES),
)

#: PostgreSQL: the trigger functions. Items are updated in id order, so that the entries of two
#: writers cannot deadlock; statements of one transaction still can, and the write is retried.
FUNCTIONS = {
    "inventory_keep_cache": f"""
BEGIN
    INSERT INTO lot_heads ({_BALANCES})
    SELECT DISTINCT ON (f.lot_id) f.lot_id, f.item_id, f.lot_seq, f.on_hand_after,
        f.reserved_after, f.on_hand_after > 0, l.qc_status, l.expires_on, l.received_at
    FROM fresh f JOIN inventory_lots l ON l.id = f.lot_id ORDER BY f.lot_id, f.lot_seq DESC
    {_HEAD_UPSERT};
    INSERT INTO item_heads ({_ITEMS})
    SELECT f.item_id, {_sums(_moves("f"))}
    FROM fresh f JOIN inventory_lots l ON l.id = f.lot_id GROUP BY f.item_id ORDER BY f.item_id
    {_ITEM_UPSERT};
    IF EXISTS (SELECT 1 FROM fresh WHERE reservation_id IS NOT NULL) THEN
        DELETE FROM open_lines o USING (
            SELECT DISTINCT ON (reservation_id, lot_id) reservation_id, lot_id, open_after
            FROM fresh WHERE reservation_id IS NOT NULL
            ORDER BY reservation_id, lot_id, line_seq DESC
        ) last WHERE last.open_after = 0
            AND o.reservation_id = last.reservation_id AND o.lot_id = last.lot_id;
        INSERT INTO open_lines ({_LINES})
        SELECT last.reservation_id, last.lot_id, last.item_id, last.open_after, r.expires_at,
            {_UNTIL.format("l")}
        FROM (
            SELECT DISTINCT ON (reservation_id, lot_id)
                reservation_id, lot_id, item_id, open_after
            FROM fresh WHERE reservation_id IS NOT NULL
            ORDER BY reservation_id, lot_id, line_seq DESC
        ) last JOIN reservations r ON r.id = last.reservation_id
            JOIN inventory_lots l ON l.id = last.lot_id WHERE last.open_after > 0
        {_LINE_UPSERT};
    END IF;
    RETURN NULL;
END
""",
    "inventory_follow_lot": f"\nBEGIN\n{_FOLLOW_HEAD}\n{_FOLLOW_ITEM}\nRETURN NULL;\nEND\n",
}
#: PostgreSQL: each trigger with its function and its event.
POSTGRESQL = {
    "inventory_ledger_cache": (
        "inventory_keep_cache",
        "AFTER INSERT ON inventory_ledger REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT",
    ),
    "inventory_lots_cache": (
        "inventory_follow_lot",
        "AFTER UPDATE OF qc_status, expires_on ON inventory_lots FOR EACH ROW",
    ),
}
SQLITE = {
    "inventory_ledger_heads": (
        "CREATE TRIGGER inventory_ledger_heads AFTER INSERT ON inventory_ledger BEGIN"
        f" INSERT INTO lot_heads ({_BALANCES}) SELECT NEW.lot_id, NEW.item_id, NEW.lot_seq,"
        " NEW.on_hand_after, NEW.reserved_after, NEW.on_hand_after > 0, l.qc_status,"
        " l.expires_on, l.received_at FROM inventory_lots l WHERE l.id = NEW.lot_id"
        f"{_HEAD_UPSERT};"
        f" INSERT INTO item_heads ({_ITEMS}) SELECT NEW.item_id, {', '.join(_moves('NEW'))}"
        f" FROM inventory_lots l WHERE l.id = NEW.lot_id{_ITEM_UPSERT}; END"
    ),
    "inventory_ledger_lines": (
        "CREATE TRIGGER inventory_ledger_lines AFTER INSERT ON inventory_ledger"
        " WHEN NEW.reservation_id IS NOT NULL BEGIN"
        " DELETE FROM open_lines WHERE NEW.open_after = 0"
        " AND reservation_id = NEW.reservation_id AND lot_id = NEW.lot_id;"
        f" INSERT INTO open_lines ({_LINES}) SELECT NEW.reservation_id, NEW.lot_id, NEW.item_id,"
        f" NEW.open_after, r.expires_at, {_UNTIL.format('l')} FROM reservations r"
        " JOIN inventory_lots l ON l.id = NEW.lot_id"
        f" WHERE r.id = NEW.reservation_id AND NEW.open_after > 0{_LINE_UPSERT}; END"
    ),
    "inventory_lots_heads": (
        "CREATE TRIGGER inventory_lots_heads AFTER UPDATE OF qc_status, expires_on"
        f" ON inventory_lots BEGIN{_FOLLOW_HEAD}{_FOLLOW_ITEM} END"
    ),
}
