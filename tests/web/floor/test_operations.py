"""Requests of tablets: session, operations, lookups and the snapshot for offline use."""

import pytest

from inventory.common.errors import Busy, IdempotencyInProgress
from tests.support.stock_builder import in_days
from tests.support.users import PASSWORD, Person

JSON = {"Accept": "application/json"}


class Tablet:
    """Client of the floor API that numbers its idempotency keys."""

    def __init__(self, client):
        self.client = client
        self.keys = 0

    def session(self):
        return self.client.get("/floor/session", headers=JSON)

    def send(self, path, **body):
        token = self.session().json["csrfToken"]
        return self.client.post(path, json=body, headers=JSON | {"X-CSRFToken": token})

    def does(self, op, **fields):
        self.keys += 1
        body = {"key": f"key-{self.keys}", "user": self.session().json["user"]["id"]}
        return self.send("/floor/operations", **(body | {"op": op} | fields))

    def takes_over(self, name, password=PASSWORD):
        return self.send("/floor/session", name=name, password=password)


@pytest.fixture
def ole(person):
    return person("ole")


@pytest.fixture
def tablet(ole):
    return Tablet(ole.client)


def test_the_session_names_the_user_and_carries_a_fresh_token(tablet, ole):
    session = tablet.session().json
    assert session["user"] == {"id": ole.id, "name": "ole", "role": "operator", "works": True}
    assert session["csrfToken"]


def test_an_anonymous_tablet_gets_401_and_a_token_to_log_in_with(client, app):
    Person(app, "ole")
    answer = client.get("/floor/session", headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (401, "UNAUTHENTICATED")
    tablet = Tablet(client)
    assert tablet.takes_over("ole", "wrong").status_code == 401
    assert tablet.takes_over("ole").json["user"]["name"] == "ole"
    assert tablet.session().json["user"]["name"] == "ole"


def test_taking_over_ends_the_previous_session(tablet, ole, person):
    person("ira")
    with tablet.client.session_transaction() as kept:
        before = dict(kept)
    assert tablet.takes_over("ira").json["user"]["role"] == "inspector"
    with tablet.client.session_transaction() as session:
        session.clear()
        session.update(before)
    assert tablet.session().status_code == 401


def test_a_viewer_cannot_take_over(tablet, person):
    person("vic")
    assert tablet.takes_over("vic").status_code == 403
    assert tablet.session().json["user"]["name"] == "ole"


def test_logging_out_ends_the_session(tablet):
    assert tablet.send("/floor/session/end").json["user"] is None
    assert tablet.session().status_code == 401


def test_every_operation_is_posted_to_the_ledger(tablet, stock):
    stock.item("BOLT", unit="kg", decimals=1)
    answer = tablet.does(
        "receive", item="BOLT", lotCode="L-1", qty="40", location="A-1", expiresOn="2099-01-31"
    )
    assert answer.status_code == 200
    assert answer.json["says"] == "Received 40 kg of BOLT into L-1."
    assert answer.json["lots"][0] == {
        "id": 1, "item": "BOLT", "lotCode": "L-1", "qc": "APPROVED", "expiresOn": "2099-01-31",
        "location": "A-1", "onHand": "40", "reserved": "0", "free": "40", "seq": 1,
    }  # fmt: skip
    lot = {"item": "BOLT", "lotCode": "L-1"}
    reserved = tablet.does("reserve", qty="10.5", reference="JOB-7", **lot).json
    held = reserved["reservations"][0]
    assert held["lots"] == [{"lotCode": "L-1", "open": "10.5", "issued": "0"}]
    picked = tablet.does("issue", reservation=held["id"], qty="4", **lot).json
    assert picked["reservations"][0]["lots"] == [{"lotCode": "L-1", "open": "6.5", "issued": "4"}]
    assert tablet.does("issue", qty="2", reference="JOB-8", **lot).json["lots"][0]["free"] == "27.5"
    counted = tablet.does("count", counted="30", lotSeq=5, reason="damaged", **lot)
    assert counted.status_code == 200, counted.json
    moved = tablet.does("move", location="B-2", **lot).json
    assert moved["says"] == "Moved L-1 of BOLT to B-2."
    assert (moved["lots"][0]["onHand"], moved["lots"][0]["location"]) == ("30", "B-2")


def test_a_repeated_key_is_posted_once_and_replayed(tablet, stock):
    stock.lot("receive 10", lot_code="L-1")
    for replayed in (False, True):
        answer = tablet.does("issue", item="BOLT", lotCode="L-1", qty="4", key="k")
        assert (answer.json["key"], answer.json["replayed"]) == ("k", replayed)
        assert answer.json["lots"][0]["onHand"] == "6"
    for replayed in (False, True):
        answer = tablet.does("move", item="BOLT", lotCode="L-1", location="A", key="m")
        assert answer.json["replayed"] is replayed


def test_a_refusal_has_its_code_and_figures_and_is_replayed(tablet, stock):
    lot = stock.lot("receive 10, reserve 7 JOB-7", lot_code="L-1")
    request = {"item": "BOLT", "lotCode": "L-1", "qty": "4", "key": "k"}
    answer = tablet.does("issue", **request)
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, answer.json["code"]) == (409, "INSUFFICIENT_STOCK")
    assert (answer.json["free"], answer.json["requested"]) == ("3", "4")
    assert "Only 3 pcs free in L-1" in answer.json["detail"]
    stock.lot("receive 100", lot_code="L-2")
    stock.post("count", lot_id=lot, counted=50)
    assert tablet.does("issue", **request).headers["Idempotency-Replayed"] == "true"


def test_a_count_of_a_changed_lot_requires_a_resolution(tablet, stock):
    stock.lot("receive 10, issue 2", lot_code="L-1")
    request = {"item": "BOLT", "lotCode": "L-1", "counted": "7", "lotSeq": 1}
    answer = tablet.does("count", **request)
    assert (answer.json["code"], answer.json["onHandThen"], answer.json["onHand"]) == (
        "STALE_LOT", "10", "8",
    )  # fmt: skip
    kept = tablet.does("count", resolution="keep_difference", **request)
    assert kept.json["lots"][0]["onHand"] == "5"


def test_an_operation_of_another_user_is_refused(tablet, stock, person):
    ira = person("ira")
    lot = stock.lot("receive 10", lot_code="L-1")
    request = {"item": "BOLT", "lotCode": "L-1", "qty": "4", "key": "k"}
    answer = tablet.does("issue", user=ira.id, **request)
    assert (answer.status_code, answer.json["code"]) == (403, "OTHER_USER")
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"
    tablet.takes_over("ira")
    assert tablet.does("issue", **request).json["replayed"] is False


def test_a_csrf_token_of_another_session_has_its_own_code(tablet, stock):
    stock.lot("receive 10", lot_code="L-1")
    body = {"op": "issue", "key": "k", "user": 1, "item": "BOLT", "lotCode": "L-1", "qty": "1"}
    for headers in (JSON, JSON | {"X-CSRFToken": "old"}):
        answer = tablet.client.post("/floor/operations", json=body, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (419, "SESSION_CHANGED")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(IdempotencyInProgress("Wait."), 409, "IDEMPOTENCY_IN_PROGRESS"), (Busy(), 503, "BUSY")],
)
def test_a_retryable_error_has_retry_after(tablet, monkeypatch, error, status, code):
    def fail(*args, **fields):
        raise error

    monkeypatch.setattr("inventory.ledger.post", fail)
    answer = tablet.does("receive", item="BOLT", lotCode="L-1", qty="1")
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert int(answer.headers["Retry-After"]) > 0


LOT = {"item": "BOLT", "lotCode": "L-1"}


@pytest.mark.parametrize(
    ("op", "fields", "code", "field"),
    [
        ("scrap", LOT, "INVALID_INPUT", "op"),
        ("issue", LOT | {"colour": "red"}, "INVALID_INPUT", "colour"),
        ("issue", LOT | {"qty": 4}, "INVALID_QTY", "qty"),
        ("issue", LOT | {"qty": "x"}, "INVALID_QTY", "qty"),
        ("issue", LOT | {"item": ["BOLT"], "qty": "4"}, "INVALID_INPUT", "item"),
        ("receive", LOT | {"qty": "1", "expiresOn": "soon"}, "INVALID_INPUT", "expiresOn"),
        ("receive", LOT | {"qty": "1", "lotCode": ""}, "INVALID_INPUT", "lotCode"),
        ("receive", LOT | {"qty": "1", "occurredAt": "2027-01-01"}, "INVALID_INPUT", "occurredAt"),
        ("move", LOT | {"location": 7}, "INVALID_INPUT", "location"),
        ("move", LOT | {"key": ""}, "IDEMPOTENCY_KEY_MISSING", None),
        ("move", LOT | {"lotCode": "L-9"}, "NOT_FOUND", None),
        ("move", LOT | {"item": "NUT"}, "NOT_FOUND", None),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_posted(tablet, stock, op, fields, code, field):
    stock.lot("receive 10", lot_code="L-1")
    before = stock.entries()
    answer = tablet.does(op, **fields)
    assert answer.json["code"] == code, answer.json
    assert answer.json.get("field") == field
    assert answer.status_code < 500
    assert stock.entries() == before


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"op": "a", "op": "b"}', b"\xff", b"nul"])
def test_a_body_that_is_not_an_object_is_refused(tablet, body):
    token = tablet.session().json["csrfToken"]
    headers = JSON | {"X-CSRFToken": token, "Content-Type": "application/json"}
    answer = tablet.client.post("/floor/operations", data=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"


def test_an_issue_for_a_job_takes_what_is_reserved_and_tells_what_is_left(tablet, stock):
    held = stock.lot("receive 5, reserve 5 JOB-2", lot_code="SA")
    free = stock.lot("receive 5", lot_code="SB")
    issue = {"item": "BOLT", "reference": "JOB-2"}
    answer = tablet.does("issue", **issue, lotCode="SA", qty="2", reservedFirst=True).json
    assert answer["says"] == "Issued 2 pcs of BOLT from SA, reserved for JOB-2."
    assert answer["reservations"][0]["lots"][0]["open"] == "3"
    answer = tablet.does("issue", **issue, lotCode="SB", qty="1").json
    assert answer["says"] == (
        "Issued 1 pc of BOLT from SB for JOB-2. JOB-2 still has 3 pcs reserved in SA."
    )
    assert answer["reservations"][0]["lots"][0]["open"] == "3"
    refused = tablet.does("issue", **issue, lotCode="SA", qty="4", reservedFirst=True)
    assert (refused.status_code, refused.json["open"]) == (409, "3")
    assert (
        tablet.does("issue", **issue, lotCode="SA", qty="1", reservedFirst="x").status_code == 422
    )
    assert stock.figures(held) == "3 on hand, 3 reserved, 0 available"
    assert stock.figures(free) == "4 on hand, 0 reserved, 4 available"


def test_the_reservations_of_a_job_can_be_asked_for(tablet, stock):
    stock.lot("receive 5, reserve 5 JOB-2", lot_code="SA")
    found = tablet.client.get("/floor/reservations?reference=JOB-2", headers=JSON).json
    assert (found["reservations"][0]["reference"], found["lots"][0]["lotCode"]) == ("JOB-2", "SA")
    for other in ("JOB-3", "x" * 101, ""):
        path = f"/floor/reservations?reference={other}"
        assert tablet.client.get(path, headers=JSON).json == {}


def test_the_snapshot_has_items_lots_in_stock_and_reservations(tablet, stock):
    stock.item("NUT", name="Nut")
    stock.lot("receive 10, reserve 4 JOB-7", lot_code="L-1")
    stock.lot("receive 10, issue 10", lot_code="L-2")
    answer = tablet.client.get("/floor/snapshot", headers=JSON)
    snapshot = answer.json
    assert [item["code"] for item in snapshot["items"]] == ["NUT", "BOLT"]
    assert [(lot["lotCode"], lot["free"]) for lot in snapshot["lots"]] == [("L-1", "6")]
    assert [
        (reservation["reference"], reservation["lots"]) for reservation in snapshot["reservations"]
    ] == [("JOB-7", [{"lotCode": "L-1", "open": "4", "issued": "0"}])]
    same = tablet.client.get(
        "/floor/snapshot", headers=JSON | {"If-None-Match": answer.headers["ETag"]}
    )
    assert (same.status_code, same.data) == (304, b"")
    stock.lot("receive 1", lot_code="L-3")
    new = tablet.client.get(
        "/floor/snapshot", headers=JSON | {"If-None-Match": answer.headers["ETag"]}
    )
    assert new.status_code == 200


def test_the_snapshot_is_limited_and_keeps_the_newest_reservations(tablet, stock, monkeypatch):
    monkeypatch.setattr("inventory.web.floor.lookup.MAX_LOTS", 2)
    monkeypatch.setattr("inventory.web.floor.lookup.MAX_RESERVATIONS", 1)
    for number in range(3):
        stock.lot(f"receive 10, reserve 1 JOB-{number}", lot_code=f"L-{number}")
    snapshot = tablet.client.get("/floor/snapshot", headers=JSON).json
    assert [lot["lotCode"] for lot in snapshot["lots"]] == ["L-1", "L-2"]
    assert [reservation["reference"] for reservation in snapshot["reservations"]] == ["JOB-2"]


def look_up(tablet, scan):
    return tablet.client.get("/floor/lookup", query_string={"scan": scan}, headers=JSON)


def test_a_scan_is_resolved_to_a_lot_an_item_or_a_new_lot(tablet, stock):
    gtin = "09521123456785"
    stock.lot("receive 10, quarantine", lot_code="L-1", expires_on=in_days(30))
    linked = tablet.does("link", code=f"]d201{gtin}10ANY", item="BOLT", qty="12")
    assert linked.json["says"] == f"Barcode {gtin} linked to BOLT."
    found = look_up(tablet, f"]d201{gtin}10L-1").json
    assert (found["kind"], found["item"], found["lotCode"]) == ("lot", "BOLT", "L-1")
    assert (found["lots"][0]["hold"], found["items"][0]["code"]) == ("QUARANTINE", "BOLT")
    found = look_up(tablet, f"]d201{gtin}1727123110L-9").json
    assert (found["kind"], found["lotCode"], found["expiresOn"]) == (
        "new_lot", "L-9", "2027-12-31",
    )  # fmt: skip
    found = look_up(tablet, gtin).json
    assert (found["kind"], found["qty"]) == ("item", "12")
    assert [lot["lotCode"] for lot in found["lots"]] == ["L-1"]
    assert look_up(tablet, "nothing").json["linkable"] is True
    snapshot = tablet.client.get("/floor/snapshot", headers=JSON).json
    assert snapshot["codes"] == [{"code": gtin, "item": "BOLT", "qty": "12"}]


def test_a_scanned_reference_finds_the_job(tablet, stock):
    stock.lot("receive 10, reserve 4 JOB-7", lot_code="L-1")
    found = look_up(tablet, "JOB-7").json
    assert (found["kind"], found["job"]) == ("job", "JOB-7")
    assert found["reservations"][0]["lots"][0]["open"] == "4"
    assert found["lots"][0]["lotCode"] == "L-1"


@pytest.mark.parametrize("scan", ["", "]C1010952112345678710A", "A\x00B", "x" * 600])
def test_an_invalid_scan_is_refused(tablet, scan):
    answer = look_up(tablet, scan)
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID_CODE")


def test_a_barcode_of_another_item_cannot_be_linked(tablet, stock):
    stock.item("BOLT")
    stock.item("NUT")
    for replayed in (False, True):
        answer = tablet.does("link", code="ABC-1", item="BOLT", key="k")
        assert answer.json["replayed"] is replayed
    answer = tablet.does("link", code="ABC-1", item="NUT")
    assert (answer.status_code, answer.json["code"]) == (409, "DUPLICATE_CODE")


def test_timer_requests_of_a_tablet_do_not_extend_the_session(tablet):
    def last_seen():
        with tablet.client.session_transaction() as session:
            return session["seen"]

    with tablet.client.session_transaction() as session:
        session["seen"] -= 1000
    before = last_seen()
    tablet.client.get("/floor/session", headers=JSON | {"Floor-Timer": "1"})
    assert last_seen() == before
    tablet.session()
    assert last_seen() > before
