"""Recalls over the API: where a lot went, putting what is left on hold, lifting the hold."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api


def net(api: Api, lot: int) -> tuple[str, str, str, str]:
    found = api.get(f"/lots/{lot}").json
    names = ("receivedQty", "issuedQty", "netReceivedQty", "netIssuedQty")
    return tuple(found[name] for name in names)  # type: ignore[return-value]


def test_net_quantities_leave_out_splits_counts_scraps_and_reversals(api: Api) -> None:
    lot = api.lot("100")
    api.create("/issues", {"item": "BOLT-M8", "qty": "30", "reference": "SO-1"})
    reversed_one = api.create("/issues", {"item": "BOLT-M8", "qty": "5"})["id"]
    api.create(f"/operations/{reversed_one}/reversal", {"reason": "by mistake"})
    api.create(f"/lots/{lot}/split", {"qty": "10", "lotCode": "PART"})
    api.create("/scraps", {"lotId": lot, "qty": "2", "reason": "bent"})
    api.create(f"/lots/{lot}/count", {"counted": "60", "reason": "found two"})
    returned = {"lotId": lot, "qty": "4", "reference": "SO-1", "reason": "too many"}
    api.create("/customer-returns", returned)
    assert net(api, lot) == ("111", "47", "100", "26")


def test_returns_that_match_no_issue_make_nothing_less_than_nothing(api: Api) -> None:
    lot = api.lot("1")
    found = {"lotId": lot, "qty": "4", "reason": "found in a van", "unmatched": True}
    api.create("/customer-returns", found)
    assert net(api, lot) == ("5", "0", "1", "0")
    assert api.get(f"/lots/{lot}/recall").json["issuedQty"] == "0"


def test_a_recall_tells_where_a_lot_and_its_parts_went(api: Api) -> None:
    lot = api.lot("100")
    api.create("/issues", {"item": "BOLT-M8", "qty": "30", "reference": "SO-1"})
    part = api.create(f"/lots/{lot}/split", {"qty": "10", "lotCode": "PART"})["lot"]["id"]
    for_sale: dict[str, Any] = {"item": "BOLT-M8", "qty": "4", "reference": "SO-2"}
    api.create("/issues", for_sale | {"lots": [{"lotId": part, "qty": "4"}]})
    api.create("/customer-returns", {"lotId": lot, "qty": "1", "reference": "SO-1", "reason": "x"})
    api.create("/scraps", {"lotId": part, "qty": "2", "reason": "bent"})
    reserved = {"item": "BOLT-M8", "qty": "3", "reference": "JOB-1"}
    api.create("/reservations", reserved | {"lots": [{"lotId": part, "qty": "3"}]})
    found = api.get(f"/lots/{lot}/recall").json
    assert [one["lotCode"] for one in found["family"]] == [found["lot"]["lotCode"], "PART"]
    sums = {name: found[f"{name}Qty"] for name in ("received", "issued", "removed", "onHand")}
    assert sums == {"received": "100", "issued": "33", "removed": "2", "onHand": "65"}
    went = [
        (one["reference"], one["issuedQty"], one["returnedQty"]) for one in found["destinations"]
    ]
    assert went == [("SO-1", "30", "1"), ("SO-2", "4", "0")]
    [held] = found["reservations"]
    assert (held["reference"], held["lotId"], held["qty"]) == ("JOB-1", part, "3")
    assert [one["id"] for one in api.get(f"/lots/{part}/recall").json["parents"]] == [lot]


def test_a_hold_and_its_end_cover_what_is_left_of_a_lot(api: Api) -> None:
    lot = api.lot("100")
    part = api.create(f"/lots/{lot}/split", {"qty": "10", "lotCode": "PART"})["lot"]["id"]
    api.reservation("5")
    held = api.create(f"/lots/{lot}/hold", {"reason": "cracks", "reference": "RECALL-7"})
    assert (held["kind"], held["reference"]) == ("QC", "RECALL-7")
    changed = [(one["lotId"], one["fromStatus"], one["status"]) for one in held["lots"]]
    assert changed == [(lot, "APPROVED", "QUARANTINE"), (part, "APPROVED", "QUARANTINE")]
    assert [one["atRisk"] for one in held["reservations"]] == [True]
    assert api.post(f"/lots/{lot}/hold", {"reason": "again"}).json["code"] == "QC_TRANSITION"
    dry = api.post(f"/operations/{held['id']}/lift-hold?dryRun=true", {"reason": "none"}).json
    assert len(dry["lots"]) == 2
    assert api.get(f"/lots/{part}").json["qcStatus"] == "QUARANTINE"
    lifted = api.create(f"/operations/{held['id']}/lift-hold", {"reason": "none found"})
    assert [one["status"] for one in lifted["lots"]] == ["APPROVED", "APPROVED"]
    again = api.post(f"/operations/{held['id']}/lift-hold", {"reason": "none found"})
    assert (again.status_code, again.json["code"]) == (409, "NOT_REVERSIBLE")


def test_a_replayed_hold_answers_as_the_first(api: Api) -> None:
    lot = api.lot("100")
    first = api.post(f"/lots/{lot}/hold", {"reason": "cracks"}, key="hold-1")
    again = api.post(f"/lots/{lot}/hold", {"reason": "cracks"}, key="hold-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json | {"replayed": True}
