"""Scanning on the floor app: recognition of scans, and each task with a scanner."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from inventory.accounts import users
from inventory.barcodes import internal_codes
from tests.e2e.tablets import PASSWORD, Tablet
from tests.support.quantities import CASES
from tests.support.stock_builder import in_days

SCANS = json.loads((Path(__file__).parents[1] / "support/scans.json").read_text("utf-8"))
GTIN = "09521123456785"

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]


@pytest.fixture
def warehouse(app, stock):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    stock.item("BOLT", name="Hex bolt M8")
    for number in range(20):
        stock.lot("receive 50", lot_code=f"L-{number:03d}", location=f"A-{number:02d}")


@pytest.fixture
def tablet(warehouse, page):
    tablet = Tablet(page).opens()
    yield tablet
    assert tablet.console_errors == []


def scanned(page):
    """Return all scanned texts, first to last."""
    texts = page.locator("#scans button").evaluate_all("(all) => all.map((b) => b.firstChild.data)")
    return texts[::-1]


def test_twenty_scans_in_ten_seconds_are_recognized_in_order(tablet, page):
    page.evaluate(
        """() => { window.bands = []; document.addEventListener("floor:signal",
        ({ detail }) => window.bands.push(detail.text)); }"""
    )
    codes = [f"L-{number:03d}" for number in range(20)]
    for code in codes:
        tablet.scans(code, gap=3)
        page.wait_for_timeout(400)
    assert scanned(page) == codes
    assert page.evaluate("window.bands") == [f"{code} of BOLT." for code in codes]
    expect(page.locator("#scan-field")).to_be_focused()
    expect(page.locator("#scan-field")).to_have_value("")


@pytest.mark.parametrize("end", ["Enter", "Tab", ""])
def test_a_scan_is_recognized_wherever_the_focus_is(tablet, page, end):
    tablet.scans("L-000")
    page.locator("#reference").fill("JOB-7")
    codes = ["L-000"]
    for focus in ("#scan-field", "#reference", "#sound", "body"):
        page.evaluate(
            "(it) => it === 'body' ? document.activeElement.blur()"
            " : document.querySelector(it).focus()",
            focus,
        )
        codes.append(f"L-{len(codes):03d}")
        tablet.scans(codes[-1], end=end)
        expect(page.locator("#subject")).to_contain_text(codes[-1])
        assert scanned(page) == codes
        expect(page.locator("#reference")).to_have_value("JOB-7")
        expect(page.locator("#scan-field")).to_have_value("")
        expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")


def test_a_typed_code_selects_a_lot_but_posts_nothing(tablet, page):
    page.locator("#scan-field").focus()
    page.keyboard.type("L-002")
    page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_contain_text("L-002")
    page.wait_for_timeout(300)
    assert scanned(page) == ["L-002"]
    assert tablet.states() == []


def test_the_same_code_twice_within_300_ms_is_one_scan(tablet, page):
    tablet.scans("L-000", gap=1)
    tablet.scans("L-000", gap=1)
    expect(page.locator("#subject")).to_contain_text("L-000")
    assert scanned(page) == ["L-000"]
    tablet.scans_again("L-000")
    assert scanned(page) == ["L-000", "L-000"]


def test_normal_typing_is_not_a_scan(tablet, page):
    tablet.scans("L-000")
    expect(page.locator("#subject")).to_contain_text("L-000")
    page.locator("#reference").focus()
    page.keyboard.type("JOB 4711", delay=110)
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert scanned(page) == ["L-000"]
    expect(page.locator("#reference")).to_have_value("JOB 4711")
    assert tablet.states() == []


def test_a_short_delay_does_not_split_a_scan_but_slow_keys_do(tablet, page):
    stock_code = "L2609-0241"
    tablet.scans(stock_code, hiccup=(180,))
    tablet.scans(stock_code + "A", hiccup=(0, 0, 150))
    assert scanned(page) == [stock_code, stock_code + "A"]
    tablet.sees(f"Code not found: {stock_code}A")  # the response focuses the scan field
    page.evaluate("document.activeElement.blur()")
    tablet.scans("QUICKHANDS", gap=60, hiccup=(0, 0, 120))
    tablet.scans("SLOWHANDS", gap=90)
    page.wait_for_timeout(300)
    assert scanned(page) == [stock_code, stock_code + "A"]


@pytest.mark.parametrize("focus", ["scan-field", "body"])
@pytest.mark.parametrize("late", [(400,), (1500,), (400, 700)])
def test_first_keys_that_come_early_belong_to_the_scan(tablet, page, stock, focus, late):
    stock.lot("receive 5", lot_code="L2611-0985")
    stock.lot("receive 5", lot_code="2611-0985")
    page.evaluate(
        "(id) => (document.getElementById(id) ?? document.activeElement)"
        "[id === 'body' ? 'blur' : 'focus']()",
        focus,
    )
    tablet.scans("L2611-0985", hiccup=late)
    tablet.sees("L2611-0985 of BOLT", "scanned")
    assert scanned(page) == ["L2611-0985"]
    expect(page.locator("#scan-field")).to_have_value("")


def test_a_scan_after_something_else_in_the_scan_field_is_refused(tablet, page):
    page.locator("#scan-field").fill("L")
    tablet.scans("L-001")
    tablet.sees("The scan is incomplete. Scan again.", "bad")
    expect(page.locator("#scan-field")).to_have_value("")
    tablet.scans("L-002")
    tablet.sees("L-002 of BOLT", "scanned")
    assert scanned(page) == ["L-002"]


def test_a_scan_whose_first_keys_are_in_another_field_is_refused(tablet, page):
    tablet.scans("L-000")
    page.locator("#reference").fill("JOB-7")
    tablet.scans("L-0011", hiccup=(400,))
    tablet.sees("Scan or type again.", "bad")
    tablet.scans("L-0012", hiccup=(1200,))  # long enough to be typing, then a scan
    tablet.sees("Code not found: -0012", "bad")
    assert scanned(page) == ["L-000", "-0012"]


@pytest.mark.parametrize("late", [(400,), (1200,)])
def test_keys_that_may_belong_to_a_scan_are_removed_and_named(tablet, page, late):
    tablet.scans("L-000")
    page.locator("#qty").fill("5")
    page.locator("#qty").press("End")
    tablet.scans("L-001", hiccup=late)
    tablet.sees("Removed L from a field.", "bad")
    expect(page.locator("#qty")).to_have_value("5")
    assert page.locator("#subject").inner_text().startswith("L-000")


@pytest.mark.parametrize(("key", "late"), [(1, (400,)), (2, (5, 400)), (5, (5, 5, 5, 5, 100))])
def test_the_focus_may_move_to_the_scan_field_within_a_scan(tablet, page, key, late):
    page.evaluate(
        """(key) => {
        document.activeElement.blur();
        let seen = 0;
        document.addEventListener("keydown", () => {
          if (++seen === key) document.getElementById("scan-field").focus();
        });
        }""",
        key,
    )
    tablet.scans("L-0012", hiccup=late)
    tablet.sees("Code not found: L-0012", "bad")
    assert scanned(page) == ["L-0012"]
    expect(page.locator("#scan-field")).to_have_value("")


def test_a_held_key_is_not_a_scan(tablet, page):
    page.locator("#scan-field").focus()
    page.keyboard.down("7")
    for _ in range(12):
        page.keyboard.down("7")
    page.keyboard.up("7")
    page.wait_for_timeout(200)
    assert scanned(page) == []


def test_a_code_typed_into_the_scan_field_counts_on_enter(tablet, page):
    page.locator("#scan-field").focus()
    page.keyboard.type("L-003", delay=110)
    assert scanned(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_contain_text("L-003")
    assert scanned(page) == ["L-003"]


def test_text_inserted_at_once_is_a_scan(tablet, page):
    page.locator("#scan-field").focus()
    page.keyboard.insert_text("L-004")
    expect(page.locator("#subject")).to_contain_text("L-004")
    assert scanned(page) == ["L-004"]


def test_the_group_separator_arrives_as_ctrl_and_bracket(tablet, page):
    page.evaluate(
        """async () => { window.raw = [];
        const { listenForScans } = await import("floor/keyboard_scanner");
        listenForScans((raw) => window.raw.push(raw)); }"""
    )
    tablet.scans("10ABC\x1d3711")
    assert page.evaluate("window.raw") == ["10ABC\x1d3711"]


def test_a_lot_is_issued_with_a_scan_and_a_tap(tablet, page, stock):
    tablet.scans("L-005")
    tablet.sees("L-005 of BOLT", "scanned")
    tablet.taps()
    tablet.sees("Issued 1 pc of BOLT from L-005.", "done")
    expect(page.locator("#scan-field")).to_be_focused()
    lot = stock.find_lot("L-005")
    assert stock.figures(lot.id) == "49 on hand, 0 reserved, 49 available"


def test_a_double_tap_posts_once(tablet, page):
    tablet.scans("L-005")
    expect(page.locator("#go")).to_be_visible()
    page.locator("#go").dblclick()
    tablet.settles("done")


def test_stepper_and_presets_set_the_quantity(tablet, page):
    tablet.scans("L-006")
    qty = page.locator("#qty")
    for label, value in (
        ("Increase by 1", "2"),
        ("10", "10"),
        ("Decrease by 1", "9"),
        ("25", "25"),
        ("ALL", "50"),
    ):
        page.get_by_role("button", name=label, exact=True).click()
        expect(qty).to_have_value(value)
    expect(page.locator("#go")).to_contain_text("50 pcs")
    expect(page.locator("#scan-field")).to_be_focused()


@pytest.mark.parametrize("typed", ["1,000", "1.000"])
def test_a_quantity_with_two_readings_offers_both(tablet, page, stock, typed):
    stock.lot("receive 5000", lot_code="L-BIG")
    tablet.scans("L-BIG")
    expect(page.locator("#subject")).to_contain_text("5000")
    tablet.sets(typed)
    sentence = f"{typed} can mean 1 or 1000 pcs. Choose one."
    expect(page.locator("#readings")).to_contain_text(sentence)
    page.get_by_role("button", name="Increase by 1", exact=True).click()
    expect(page.locator("#qty")).to_have_value(typed)
    tablet.taps()
    tablet.sees(sentence, "bad")
    assert tablet.states() == []
    page.get_by_role("button", name="1000 pcs", exact=True).click()
    expect(page.locator("#readings")).to_be_hidden()
    tablet.taps()
    tablet.sees("Issued 1000 pcs of BOLT from L-BIG.", "done")


def test_a_quantity_of_thousandths_with_a_comma_offers_both_readings(tablet, page, stock):
    stock.item("OIL", unit="kg", decimals=3)
    stock.lot("receive 3000", item="OIL", lot_code="OIL-1")
    tablet.scans("OIL-1")
    expect(page.locator("#subject")).to_contain_text("3000")
    tablet.sets("1,250")
    expect(page.locator("#readings")).to_contain_text("1,250 can mean 1.25 or 1250 kg.")
    tablet.sets("1,25")
    expect(page.locator("#readings")).to_be_hidden()
    tablet.taps()
    tablet.sees("Issued 1.25 kg of OIL from OIL-1.", "done")
    tablet.scans_again("OIL-1")
    tablet.sets("1 250")
    expect(page.locator("#readings")).to_be_hidden()
    tablet.taps()
    tablet.sees("Issued 1250 kg of OIL from OIL-1.", "done")


def test_a_job_is_picked_by_line_and_a_wrong_lot_is_refused(tablet, page, stock):
    reserved = stock.reserve(5, lot=stock.find_lot("L-007").id, reference="JOB-9")
    stock.reserve(6, lot=stock.find_lot("L-008").id, reference="JOB-9")
    page.reload()
    tablet.waits()
    tablet.does("pick")
    page.locator("[data-job='JOB-9']").click()
    expect(page.locator("#job .lines li")).to_have_count(2)
    before = stock.entries()
    tablet.scans("L-009")
    tablet.sees("Wrong lot: L-009 of BOLT is not reserved for JOB-9.", "bad")
    expect(page.locator("#go")).to_be_hidden()
    assert tablet.states() == []
    tablet.scans("L-007")
    expect(page.locator("#qty")).to_have_value("5")
    tablet.taps()
    tablet.sees("Issued 5 pcs of BOLT from L-007 for JOB-9.", "done")
    expect(page.locator("#job .lines li").first).to_contain_text("5 pcs picked")
    assert stock.reservation_figures(reserved) == "5 reserved: 0 open, 5 issued, 0 unreserved"
    assert stock.entries() == before + 2
    tablet.scans("L-008")
    tablet.taps()
    expect(page.locator("#job")).to_contain_text("All picked")


def test_a_lot_on_hold_cannot_be_issued(tablet, page, stock):
    stock.post(
        "decide_qc", lot_id=stock.find_lot("L-010").id, status="QUARANTINE", reason="scratched"
    )
    stock.lot("receive 5", lot_code="L-OLD", expires_on=in_days(-1))
    page.reload()
    tablet.waits()
    for code, reason in (("L-010", "is in quarantine"), ("L-OLD", "has expired")):
        tablet.scans(code)
        tablet.sees(reason, "bad")
        tablet.taps()
        tablet.sees("cannot be reserved or issued", "bad")
    assert tablet.states() == []


def test_a_count_can_be_blind_and_needs_a_reason_for_a_difference(tablet, page, stock):
    lot = stock.find_lot("L-011").id
    tablet.does("count")
    tablet.scans("L-011")
    expect(page.locator("#subject .figures")).to_be_visible()
    tablet.sets("48")
    tablet.taps()
    tablet.sees("48 pcs counted, 50 pcs on hand. Choose a reason.", "bad")
    expect(page.locator("#reason-label")).to_contain_text("Reason for the difference from 50 pcs")
    page.get_by_role("button", name="Damaged").click()
    tablet.taps()
    tablet.sees("Counted L-011: adjusted to 48 pcs on hand.", "done")
    assert stock.figures(lot) == "48 on hand, 0 reserved, 48 available"
    tablet.scans_again("L-011")
    page.get_by_role("button", name="Blind count").click()
    expect(page.locator("#subject .figures")).to_have_count(0)
    expect(page.locator("#subject")).not_to_contain_text("48")
    expect(page.locator("#all")).to_be_hidden()
    tablet.sets("48")
    expect(page.locator("#reason-label")).to_have_text("Reason (optional)")
    tablet.taps()
    tablet.sees("Counted L-011: 48", "done")


def test_a_lot_is_moved_by_scanning_a_location(tablet, page, stock):
    tablet.does("move")
    tablet.scans("L-012")
    tablet.scans("BIN-77")
    tablet.sees("New location: BIN-77.", "scanned")
    tablet.taps()
    tablet.sees("Moved L-012 of BOLT to BIN-77.", "done")
    assert stock.find_lot("L-012").location == "BIN-77"


def test_stock_is_reserved_and_received(tablet, page, stock):
    tablet.does("reserve")
    tablet.scans("L-013")
    tablet.taps()
    tablet.sees("Enter a job or order.", "bad")
    page.locator("#reference").fill("JOB-13")
    tablet.taps()
    tablet.sees("Reserved 1 pc of BOLT for JOB-13 in L-013.", "done")
    tablet.does("receive")
    tablet.scans_again("L-013")
    tablet.sets("7")
    tablet.taps()
    tablet.sees("Received 7 pcs of BOLT into L-013.", "done")
    assert stock.figures(stock.find_lot("L-013").id) == "57 on hand, 1 reserved, 56 available"


def test_an_unknown_code_is_received_as_a_new_lot(tablet, page, stock):
    tablet.scans("NEW-1")
    tablet.sees("Code not found: NEW-1", "bad")
    page.locator("#receive-new").click()
    page.locator("#item").fill("hex")
    page.locator("[data-item=BOLT]").click()
    expect(page.locator("#lotCode")).to_have_value("NEW-1")
    tablet.sets("12")
    tablet.taps()
    tablet.sees("Received 12 pcs of BOLT into NEW-1.", "done")
    tablet.does("issue")
    tablet.scans_again("NEW-1")
    tablet.sees("NEW-1 of BOLT", "scanned")


def test_the_parser_of_the_tablet_reads_every_scan_of_the_table(tablet, page):
    raws = [row["raw"] for row in SCANS]
    read = page.evaluate("async (raws) => raws.map((await import('floor/gs1')).readScan)", raws)
    failures = []
    for row, reading in zip(SCANS, read, strict=True):
        hidden = {"raw", "error"}
        found = {name: value for name, value in reading.items() if value not in (None, False)}
        found.get("own", {}).pop("check", None)
        result = {name: value for name, value in found.items() if name not in hidden}
        if "refused" in row:
            result = result.get("problem")
        if result != row.get("refused", row.get("reads")):
            failures.append((row["about"], result))
    assert failures == []


def test_typed_quantities_are_read_as_in_python(tablet, page):
    read = page.evaluate(
        """async (cases) => {
        const { format, parse, readings } = await import('floor/quantity');
        return cases.map(([text, decimals]) => {
          const found = readings(text, decimals);
          if (found.length) return found;
          const micros = parse(text, decimals);
          return micros === null || micros < 0n ? null : format(micros);
        });
        }""",
        CASES,
    )
    failures = [(case, found) for case, found in zip(CASES, read, strict=True) if found != case[2]]
    assert failures == []


def form_of(page):
    """Return the filled fields of the form."""
    names = ("qty", "lotCode", "expiresOn", "location", "reference")
    return {name: page.locator(f"#{name}").input_value() for name in names}


def test_a_lot_scanned_after_typing_keeps_what_was_typed(tablet, page, stock):
    tablet.does("receive")
    tablet.scans("BOLT")
    tablet.sees("BOLT: now scan the lot.", "scanned")
    tablet.sets("50")
    page.locator("#expiresOn").fill("2029-12-31")
    page.locator("#location").fill("A-77")
    page.locator("#reference").fill("DN-5")
    tablet.scans("L-003")
    tablet.sees("L-003 of BOLT, 50 pcs", "scanned")
    typed = {"qty": "50", "expiresOn": "2029-12-31", "location": "A-77", "reference": "DN-5"}
    assert form_of(page) == typed | {"lotCode": "L-003"}
    for stray in ("00340123456789012345", "JJD014600004711", "]C1010952112345678710ABC"):
        tablet.scans(stray)
        expect(page.locator("#band")).not_to_contain_text("L-003 of BOLT")
        assert form_of(page) == typed | {"lotCode": "L-003"}
        expect(page.locator("#go")).to_contain_text("50 pcs")


def test_an_issue_keeps_the_typed_quantity_and_that_of_the_box(tablet, page, stock):
    stock.link(code="BOX-12", item="BOLT", qty="12")
    tablet.scans("BOX-12")
    tablet.sees("BOLT: take L-000 first.", "scanned")
    tablet.scans("L-004")
    tablet.sees("L-004 of BOLT", "scanned")
    expect(page.locator("#qty")).to_have_value("12")
    tablet.sets("30")
    page.locator("#reference").fill("SO-1")
    for code in ("L-005", "BOX-12", "BOLT", "L-004"):
        tablet.scans_again(code)
        expect(page.locator("#band")).to_contain_text("30")
        expect(page.locator("#qty")).to_have_value("30")
        expect(page.locator("#reference")).to_have_value("SO-1")
    tablet.scans("WAYBILL-1")
    tablet.sees("Code not found: WAYBILL-1", "bad")
    tablet.taps()
    tablet.sees("Issued 30 pcs of BOLT from L-004 for SO-1.", "done")


def test_a_scan_through_a_field_leaves_no_trace_in_it(tablet, page, stock):
    stock.link(code="BOX-12", item="BOLT", qty="12")
    stock.link(code=GTIN, item="BOLT")
    tablet.scans("L-003")
    tablet.sees("L-003 of BOLT")
    page.locator("#qty").focus()
    tablet.scans("BOX-12")
    tablet.sees("BOLT from L-003", "scanned")
    expect(page.locator("#qty")).to_have_value("12")
    tablet.does("receive")
    tablet.scans(f"01{GTIN}10NEW-7")
    tablet.sees("NEW-7 is a new lot of BOLT.")
    page.locator("#lotCode").focus()
    tablet.scans("WAYBILL-1")
    tablet.sees("WAYBILL-1 is a new lot of BOLT.")
    expect(page.locator("#lotCode")).to_have_value("NEW-7")
    expect(page.locator("#confirm")).to_have_attribute("aria-pressed", "false")
    tablet.taps()
    tablet.sees("Confirm new lot NEW-7 first.", "bad")


def test_a_counted_quantity_stays_with_its_lot(tablet, page):
    tablet.does("count")
    tablet.scans("L-003")
    tablet.sees("L-003 of BOLT")
    tablet.sets("480")
    tablet.scans_again("L-003")
    tablet.sees("L-003 of BOLT, 480 pcs", "scanned")
    expect(page.locator("#qty")).to_have_value("480")
    tablet.scans("L-004")
    tablet.sees("Not posted: 480 pcs of L-003.", "kept")
    expect(page.locator("#qty")).to_have_value("")


def test_another_item_starts_afresh_and_says_what_was_not_posted(tablet, page, stock):
    stock.lot("receive 9", item="NUT", lot_code="N-1")
    tablet.scans("L-003")
    tablet.sees("L-003 of BOLT")
    tablet.sets("30")
    tablet.scans("N-1")
    tablet.sees("N-1 of NUT. Not posted: 30 pcs of BOLT.", "kept")
    expect(page.locator("#qty")).to_have_value("1")
    stock.reserve(5, lot=stock.find_lot("L-007").id, reference="JOB-9")
    tablet.sets("7")
    tablet.scans("JOB-9")
    tablet.sees("Not posted: 7 pcs of NUT.", "kept")
    tablet.scans("L-007")
    tablet.sees("L-007: 5 pcs for JOB-9.", "scanned")
    tablet.sets("3")
    for code in ("WAYBILL-1", "L-007"):
        tablet.scans_again(code)
        tablet.sees(code)
        expect(page.locator("#qty")).to_have_value("3")


def test_a_new_lot_of_the_item_at_hand_is_confirmed(tablet, page, stock):
    for offline in (False, True):
        page.context.set_offline(offline)
        code = f"471{int(offline)}-X"
        tablet.does("receive")
        tablet.scans_again("BOLT")
        tablet.sees("BOLT: now scan the lot.")
        tablet.sets("50")
        page.locator("#expiresOn").fill("2029-12-31")
        tablet.scans(code)
        tablet.sees(f"{code} is a new lot of BOLT.", "kept")
        assert form_of(page)["lotCode"] == ""
        expect(page.locator("#link-code")).to_be_visible()
        tablet.taps()
        tablet.sees(f"Confirm new lot {code} first.", "bad")
        page.get_by_role("button", name=f"Confirm new lot {code}").click()
        tablet.sees(f"New lot {code} of BOLT, 50 pcs.", "scanned")
        kept = {"qty": "50", "expiresOn": "2029-12-31", "location": "", "reference": ""}
        assert form_of(page) == kept | {"lotCode": code}
        tablet.taps()
        expect(page.locator("#entries")).to_contain_text(code)
    page.context.set_offline(False)
    tablet.settles("done", "done")
    assert stock.find_lot("4711-X").on_hand == 50_000_000


def test_a_code_scanned_with_an_item_at_hand_can_be_linked(tablet, page, stock):
    tablet.does("receive")
    tablet.scans("BOLT")
    tablet.sees("BOLT: now scan the lot.")
    tablet.sets("50")
    tablet.scans("SUPPLIER-78")
    page.locator("#link-code").click()
    expect(page.locator("#go")).to_be_hidden()
    page.locator("#item").fill("bolt")
    page.locator("[data-item=BOLT]").click()
    tablet.sees("Barcode SUPPLIER-78 linked to BOLT.", "done")
    expect(page.locator("#qty")).to_have_value("50")


def test_a_new_location_replaces_another_only_if_confirmed(tablet, page):
    tablet.does("move")
    tablet.scans("L-012")
    tablet.scans("BIN-77")
    tablet.sees("New location: BIN-77.", "scanned")
    tablet.scans("JJD0146")
    tablet.sees("JJD0146 is a new location.", "bad")
    expect(page.locator("#location")).to_have_value("BIN-77")
    page.get_by_role("button", name="Move to JJD0146").click()
    expect(page.locator("#location")).to_have_value("JJD0146")


def test_a_gs1_label_fills_item_lot_expiry_and_quantity(tablet, page, stock):
    stock.link(code=GTIN, item="BOLT")
    tablet.does("receive")
    tablet.scans(f"]d201{GTIN}1729123137240\x1d10N-1")
    tablet.sees("N-1 is a new lot of BOLT.", "scanned")
    expect(page.locator("#lotCode")).to_have_value("N-1")
    expect(page.locator("#expiresOn")).to_have_value("2029-12-31")
    expect(page.locator("#qty")).to_have_value("240")
    tablet.taps()
    tablet.sees("Confirm new lot N-1 first.", "bad")
    tablet.taps("#confirm")
    tablet.taps()
    tablet.sees("Received 240 pcs of BOLT into N-1.", "done")
    assert stock.find_lot("N-1").expires_on.isoformat() == "2029-12-31"
    tablet.does("issue")
    tablet.scans(f"01{GTIN}1728123110N-1")
    tablet.sees("The label says 2028-12-31, but", "kept")
    expect(page.locator("#subject .warning")).to_be_visible()
    page.context.set_offline(True)
    tablet.scans(f"01{GTIN}1729123110N-1")
    tablet.sees("N-1 of BOLT", "scanned")
    tablet.scans(f"01{GTIN}10UNKNOWN")
    tablet.sees("BOLT has no lot UNKNOWN.", "bad")
    page.context.set_offline(False)


def test_a_wrong_check_digit_is_refused(tablet, page):
    tablet.scans("]C1010952112345678710ABC")
    tablet.sees("The last digit of 09521123456787 must be 5", "bad")
    expect(page.locator("#go")).to_be_hidden()


def test_internal_labels_are_read_online_and_offline(tablet, page, stock):
    lot = stock.find_lot("L-014")
    labels = [
        (internal_codes.lot_content(lot.id, "BOLT", "L-014"), "L-014 of BOLT", "scanned"),
        (internal_codes.lot_content(lot.id, "BOLT", "L-015"), "", "bad"),
        (internal_codes.item_content(lot.item.id, "BOLT"), "BOLT from L-014.", "scanned"),
        (internal_codes.location_content("A-14"), "A-14 is a location", "bad"),
    ]
    for offline in (False, True):
        page.context.set_offline(offline)
        for content, says, kind in labels:
            tablet.scans_again(content)
            tablet.sees(says, kind)


def test_an_unknown_code_is_linked_to_an_item(tablet, page, stock):
    tablet.scans("SUPPLIER-77")
    tablet.sees("Code not found", "bad")
    page.locator("#link-code").click()
    page.locator("#item").fill("bolt")
    page.locator("[data-item=BOLT]").click()
    tablet.sees("Barcode SUPPLIER-77 linked to BOLT.", "done")
    tablet.scans_again("SUPPLIER-77")
    tablet.sees("BOLT: take L-000 first.", "scanned")
    assert tablet.states() == ["done"]


def test_a_lot_received_elsewhere_is_looked_up_on_the_server(tablet, page, stock):
    stock.lot("receive 5", lot_code="LATE-1")
    tablet.scans("LATE-1")
    tablet.sees("LATE-1 of BOLT", "scanned")
    tablet.taps()
    tablet.sees("Issued 1 pc of BOLT from LATE-1.", "done")


def test_a_job_reserved_elsewhere_is_looked_up_on_the_server(tablet, page, stock):
    stock.reserve(5, lot=stock.find_lot("L-007").id, reference="JOB-LATE")
    tablet.scans("JOB-LATE")
    tablet.sees("JOB-LATE: 1 lot to pick.", "scanned")
    expect(page.locator("#job .lines li")).to_have_count(1)
