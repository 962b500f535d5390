import pytest
import sqlalchemy as sa

from inventory import catalog
from inventory.common.errors import (
    DuplicateItem,
    InvalidInput,
    LooksLike,
    NotFound,
    Refusal,
)
from inventory.db import connection, db
from inventory.stock import queries, statements
from tests.support.stock_builder import Stock, in_days, key


def change(stock: Stock, **changes: object) -> dict:
    record, _ = catalog.update_item(user_id=stock.user_id, key=key(), item="BOLT", **changes)
    return record


def test_an_item_is_created_with_the_given_values(stock: Stock) -> None:
    record, _ = catalog.create_item(
        user_id=stock.user_id, key=key(), code="Ø 8/20", name="Bolt", unit="m", decimals=3,
        qc_required=True, reorder_point="12.500",
    )  # fmt: skip
    assert record == {
        "code": "Ø 8/20", "name": "Bolt", "unit": "m", "decimals": 3, "qc_required": True,
        "reorder_point": "12.5", "archived": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", ""), ("code", "a/"), ("code", "/a"), ("code", "a//b"), ("code", "a/../b"),
        ("code", "x/stock"), ("code", "x" * 65), ("name", " "), ("name", "x" * 201),
        ("unit", ""), ("decimals", 7), ("decimals", -1), ("decimals", True), ("decimals", "2"),
        ("qc_required", "yes"), ("reorder_point", "-1"), ("reorder_point", "1.5"),
    ],
)  # fmt: skip
def test_an_invalid_item_is_refused_with_its_field(stock: Stock, field: str, value: object) -> None:
    fields = {"code": "NUT", "name": "Nut"} | {field: value}
    with pytest.raises(InvalidInput) as caught:
        catalog.create_item(user_id=stock.user_id, key=key(), **fields)
    assert caught.value.field == field


@pytest.mark.parametrize(("field", "value"), [("code", "NEW"), ("unit", "kg"), ("decimals", 2)])
def test_code_unit_and_decimals_cannot_change_after_an_entry(
    stock: Stock, field: str, value: object
) -> None:
    stock.item()
    change(stock, **{field: value}) if field != "code" else None
    stock.lot("receive 1", item="BOLT")
    with pytest.raises(InvalidInput, match="can no longer change") as caught:
        change(stock, **{field: "OTHER" if field != "decimals" else 5})
    assert caught.value.field == field


def test_an_unused_item_can_be_renamed(stock: Stock) -> None:
    stock.item()
    assert change(stock, code="NEW", name="New")["code"] == "NEW"
    stock.item("TAKEN")
    with pytest.raises(Refusal, match="TAKEN already exists"):
        catalog.update_item(user_id=stock.user_id, key=key(), item="NEW", code="TAKEN")


def test_an_item_is_archived_and_restored(stock: Stock) -> None:
    stock.lot()
    assert change(stock, archived=True)["archived"]
    assert not change(stock, archived=False)["archived"]


def test_only_known_fields_can_be_changed(stock: Stock) -> None:
    stock.item()
    with pytest.raises(InvalidInput) as caught:
        change(stock, id=5)
    assert caught.value.field == "id"


def test_a_changed_lot_is_audited_with_the_old_values(stock: Stock) -> None:
    lot = stock.lot(location="A-1")
    fields = {"location": "B-2", "expires_on": in_days(5), "supplier_lot": "S"}
    record, _ = catalog.update_lot(user_id=stock.user_id, key=key(), lot_id=lot, **fields)
    assert (record["location"], record["supplier_lot"]) == ("B-2", "S")
    db.session.rollback()
    detail = connection().exec_driver_sql(
        "SELECT detail FROM audit WHERE action = 'lot changed'"
    ).scalar_one()  # fmt: skip
    assert '"location": "A-1"' in detail
    assert '"location": "B-2"' in detail


def test_an_unknown_item_or_lot_cannot_be_changed(stock: Stock) -> None:
    with pytest.raises(NotFound):
        change(stock, name="x")
    with pytest.raises(NotFound):
        catalog.update_lot(user_id=stock.user_id, key=key(), lot_id=9, location="x")


def test_items_and_lots_have_no_quantity_column(stock: Stock) -> None:
    columns = {column.name for table in (statements.items, statements.lots) for column in table.c}
    assert not columns & {"qty", "on_hand", "reserved", "available", "free", "quantity"}


@pytest.mark.parametrize("twin", ["bolt", "ВОLТ", "B0LT", "BO LT"])
def test_a_new_item_must_not_look_like_another(stock: Stock, twin: str) -> None:
    stock.item("BOLT")
    with pytest.raises(LooksLike, match="looks like the existing item BOLT") as caught:
        stock.item(twin)
    assert caught.value.figures == {"field": "code", "item": "BOLT"}
    stock.item(twin, allow_lookalike=True)
    assert queries.get_item(connection(), twin).code == twin
    with pytest.raises(DuplicateItem):
        stock.item(twin, allow_lookalike=True)


def test_a_changed_code_must_not_look_like_another(stock: Stock) -> None:
    stock.item("BOLT")
    stock.item("NUT")
    with pytest.raises(LooksLike):
        change(stock, code="nut")
    assert change(stock, code="bolt")["code"] == "bolt"  # it looks like itself only
    assert change(stock, code="Nut", allow_lookalike=True)["code"] == "Nut"


def test_an_item_is_found_in_any_case_if_only_one_is_meant(stock: Stock) -> None:
    stock.item("Bolt")
    assert queries.get_item(connection(), "ＢＯＬＴ").code == "Bolt"
    with pytest.raises(NotFound):
        queries.get_item(connection(), "B0lt")
    stock.item("BOLT", allow_lookalike=True)
    assert queries.get_item(connection(), "BOLT").code == "BOLT"
    with pytest.raises(NotFound):
        queries.get_item(connection(), "bolt")


def test_a_deleted_lookalike_leaves_its_number_unused(stock: Stock) -> None:
    stock.item("BOLT")
    stock.item("bolt", allow_lookalike=True)
    with db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.execute(sa.delete(statements.items).where(statements.items.c.code == "BOLT"))
    stock.item("BOlT", allow_lookalike=True)
    assert queries.get_item(connection(), "BOlT").code == "BOlT"


@pytest.mark.parametrize("field", ["location", "supplier_lot"])
def test_texts_of_a_lot_have_visible_characters_only(stock: Stock, field: str) -> None:
    lot = stock.lot()
    for value, expected in [("A\u200b1", None), ("A\u00a0 1", "A 1")]:
        fields = {"user_id": stock.user_id, "key": key(), "lot_id": lot, field: value}
        if expected is None:
            with pytest.raises(InvalidInput, match="zero width space"):
                catalog.update_lot(**fields)
        else:
            assert catalog.update_lot(**fields)[0][field] == expected
