"""Take the pictures of the README and of the user guide from the demo data.

    python -m bench.screenshots [NAME ...]

Without names it takes all: those of the README into docs/screenshots/, those of the guide into
docs/guide/pictures/. Look at them before you commit them: the demo data depends on the date.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import FloatRect, Locator, Page, expect, sync_playwright

from bench.lighthouse import PASSWORD, fill
from inventory import create_app, ledger
from inventory.accounts import users
from inventory.common import clock
from inventory.config import Config
from inventory.ledger import DecideQc, LotQuantity, Receive, Reserve
from inventory.models import QcStatus
from tests.conftest import BROWSER_FLAGS, BROWSERS
from tests.support.servers import ROOT, LiveServer

README = ROOT / "docs" / "screenshots"
GUIDE = ROOT / "docs" / "guide" / "pictures"
ADMIN = "maria"
USERS = {"jonas": "operator", "sofia": "inspector", "viktor": "viewer"}
#: The item of most pictures: its lots expire and need a QC decision.
ITEM = "PASTE-SAC"
#: An item that is counted in pieces and needs no QC decision.
PIECES = "TERM-2.5"
JOB, ORDER = "JOB-4901", "SO-1301"
JOB_LINES = {"TERM-2.5": "24", "CONN-M12-4": "8", "RELAY-24": "4", "CABLE-4X0.75": "12.5"}
PASTED = """\
SKU\tName\tUnit\tReorder point
BOLT-M20X60\tHex bolt M20 × 60, 8.8 zinc-plated\tpcs\t100
BOLT-M20X80\tHex bolt M20 × 80, 8.8 zinc-plated\tpcs\t100
NUT-M20\tHex nut M20\tpcs\t200
BOLT-M16X60\tHex bolt M16 × 60, 8.8 zinc-plated\tpcs\t250
"""
#: Widths in pixels. The guide shows pictures up to about 700 pixels wide.
DESK, DESK_WITH_PANEL, TABLET = 960, 1024, 800
#: Pixels around the parts that a picture shows.
MARGIN = 12
#: Milliseconds in which a page reacts to a field, and after which a form can be sent.
SETTLED_MS = 1300

#: Codes, and paths of pages, by name.
Names = dict[str, str]
Prepare = Callable[[Page, Names], None]


@dataclass(frozen=True)
class Shot:
    """A picture: where it is saved, the page, and what the picture shows of the page.

    Attributes:
        path: can contain names in braces.
        size: width and height of the window in pixels.
        prepare: brings the page into the state of the picture.
        parts: selectors of the parts to show; without any, the picture shows the whole window.
    """

    folder: Path
    name: str
    path: str
    size: tuple[int, int]
    theme: str = "light"
    prepare: Prepare = lambda page, names: None
    parts: tuple[str, ...] = ()
    margin: int = MARGIN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="pictures to take; default: all")
    chosen = parser.parse_args().names
    chromium = next(path for name in BROWSERS if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        zone = find_zone()
        environ = {"INSTANCE_PATH": directory, "LOG_LEVEL": "WARNING", "SITE_TIMEZONE": zone}
        fill(environ, name=ADMIN)
        names = add_records(environ)
        server = LiveServer(environ, Path(directory, "server.log")).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        try:
            context = browser.new_context(base_url=server.url, locale="en-GB", timezone_id=zone)
            page = context.new_page()
            sign_in(page)
            names |= find_pages(page, names)
            for shot in SHOTS:
                if not chosen or shot.name in chosen:
                    print(take(page, shot, names))
        finally:
            browser.close()
            server.stop()


def find_zone() -> str:
    """Return a time zone in which it is early afternoon: pictures show hours of a working day."""
    hours = (14 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-hours:+d}"


def add_records(environ: dict[str, str]) -> Names:
    """Add users, lots and reservations that the demo data does not have on every date."""
    with create_app(Config.from_env(environ)).app_context():
        jonas, sofia, _ = (
            users.create_user(name=name, password=PASSWORD, role=role).id
            for name, role in USERS.items()
        )
        today = clock.today()
        lots = [f"L{today:%y%m}-{number}" for number in range(1201, 1205)]
        names = dict(zip(("lot", "new_lot", "counted_lot", "next_lot"), lots, strict=True))
        received = ledger.post(
            [
                Receive(item=ITEM, lot_code=names["lot"], qty="4", location="G-04-3",
                        expires_on=today + timedelta(days=118), supplier_lot="CH41877"),
                Receive(item=ITEM, lot_code=names["new_lot"], qty="1.5", location="G-04-4",
                        expires_on=today + timedelta(days=140), supplier_lot="CH41902"),
                Receive(item=PIECES, lot_code=names["counted_lot"], qty="150", location="D-07-2",
                        supplier_lot="EL20517"),
            ],
            user_id=jonas, key="receipt",
        )  # fmt: skip
        first = received.operations[0].entries[0]
        decision = DecideQc(lot_id=first.lot_id, status=QcStatus.APPROVED)
        ledger.post([decision], user_id=sofia, key="decision")
        lines = [Reserve(item=item, qty=qty, reference=JOB) for item, qty in JOB_LINES.items()]
        lines.append(Reserve(item=ITEM, qty="0.8", reference=JOB))
        part = LotQuantity(lot_id=first.lot_id, qty="1.2")
        lines.append(Reserve(item=ITEM, qty=None, lots=[part], reference=ORDER))
        ledger.post(lines, user_id=jonas, key="reservations")
        return names


def sign_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Name", exact=True).fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def find_pages(page: Page, names: Names) -> Names:
    """Return the paths of the item, of lots, and of a reserved lot in quarantine."""
    page.goto("/lots/?state=quarantine&sort=-reserved")
    held = _href(page.locator("#lots-table a.code"))
    paths = {f"{name}_page": _search(page, names[name]) for name in ("new_lot", "counted_lot")}
    return paths | {"item_page": _search(page, ITEM), "held_page": held}


def _search(page: Page, code: str) -> str:
    page.goto(f"/search/?q={code}")
    return _href(page.get_by_role("link", name=code))


def _href(links: Locator) -> str:
    href = links.first.get_attribute("href")
    assert href is not None
    return href


def take(page: Page, shot: Shot, names: Names) -> Path:
    """Take a picture and return its path."""
    width, height = shot.size
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=shot.theme)  # type: ignore[arg-type]
    page.goto(shot.path.format(**names), wait_until="networkidle")
    shot.prepare(page, names)
    shot.folder.mkdir(parents=True, exist_ok=True)
    path = shot.folder / f"{shot.name}.png"
    page.screenshot(path=path, clip=_clip(page, shot) if shot.parts else None)
    return path


def _clip(page: Page, shot: Shot) -> FloatRect:
    """Return the rectangle around the parts, with a margin, within the window."""
    boxes = [page.locator(selector).first.bounding_box() for selector in shot.parts]
    assert page.viewport_size is not None
    size = page.viewport_size
    left = min(math.floor(box["x"]) for box in boxes if box) - shot.margin
    top = min(math.floor(box["y"]) for box in boxes if box) - shot.margin
    right = max(math.ceil(box["x"] + box["width"]) for box in boxes if box) + shot.margin
    bottom = max(math.ceil(box["y"] + box["height"]) for box in boxes if box) + shot.margin
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, size["width"]), min(bottom, size["height"])
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


# --- what the pages show --------------------------------------------------------------------------


def _fill(page: Page, **values: str) -> None:
    """Fill fields of the form, and leave the last one, so that the page reacts."""
    for name, value in values.items():
        page.locator(f"#act #{name}").fill(value)
    page.locator("h1").first.click()
    page.wait_for_timeout(SETTLED_MS)


def _fill_receipt(page: Page, names: Names) -> None:
    _fill(
        page, item=ITEM, lot_code=names["next_lot"], qty="2.5", expires_on="2028-06-30",
        location="G-04-3",
    )  # fmt: skip


def _fill_reservation(page: Page, _: Names) -> None:
    _fill(page, item=ITEM, qty="1.5", reference="JOB-4902")


def _fill_decision(page: Page, _: Names) -> None:
    _fill(page, reason="Certificate checked")


def _fill_count(page: Page, _: Names) -> None:
    _fill(page, counted="148", reason="Stocktake")


def _validate_file(page: Page, _: Names) -> None:
    page.locator("input[name=kind][value=items]").check()
    page.get_by_text("Or paste rows").click()
    page.locator("#pasted").fill(PASTED)
    page.get_by_role("button", name="Upload file").click()
    page.wait_for_url("**/files/**", wait_until="networkidle")
    page.wait_for_timeout(SETTLED_MS)
    page.get_by_role("button", name="Validate file").click()
    page.locator("#report").wait_for()
    page.wait_for_load_state("networkidle")


def _open_help(page: Page, _: Names) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    page.wait_for_timeout(300)


def _scan_lot(page: Page, names: Names) -> None:
    _scan(page, names["lot"])


def _scan_job(page: Page, names: Names) -> None:
    page.locator("#tasks [data-task=pick]").click()
    _scan(page, JOB)


def _scan_count(page: Page, names: Names) -> None:
    page.locator("#tasks [data-task=count]").click()
    _scan(page, names["lot"])
    page.locator("#qty").fill("3.8")
    page.wait_for_timeout(SETTLED_MS)


def _scan(page: Page, code: str) -> None:
    page.wait_for_timeout(500)
    page.keyboard.type(code, delay=5)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)


FORM = ("h1", "main section.sheet")
LOT = ("h1", "main .split")
FLOOR = (".top", ".work")
SHOTS = (
    Shot(README, "dashboard", "/", (1280, 860)),
    Shot(README, "item", "{item_page}", (1280, 860), "dark"),
    Shot(README, "lot", "{held_page}", (1280, 910)),
    Shot(README, "floor", "/floor/", (1280, 800), "dark", _scan_lot),
    Shot(
        GUIDE, "figures", "{item_page}", (DESK_WITH_PANEL, 900), parts=("h1", "main .tiles"),
    ),
    Shot(GUIDE, "receiving", "/receive/", (DESK, 900), prepare=_fill_receipt, parts=FORM),
    Shot(GUIDE, "reserving", "/reserve/", (DESK, 900), prepare=_fill_reservation, parts=FORM),
    Shot(GUIDE, "issuing", f"/references/issue/?reference={JOB}", (DESK, 900), parts=FORM),
    Shot(
        GUIDE, "quality", "{new_lot_page}?do=decide", (DESK_WITH_PANEL, 1400),
        prepare=_fill_decision, parts=LOT,
    ),
    Shot(
        GUIDE, "counting", "{counted_lot_page}?do=count", (DESK_WITH_PANEL, 1400),
        prepare=_fill_count, parts=LOT,
    ),
    Shot(
        GUIDE, "importing", "/import/", (DESK, 1400), prepare=_validate_file,
        parts=("h1", "main .stack"),
    ),
    Shot(GUIDE, "reports", "/analysis/expiry/", (DESK, 1200), parts=FORM),
    Shot(GUIDE, "tablet", "/floor/", (TABLET, 1200), prepare=_scan_lot, parts=FLOOR),
    Shot(GUIDE, "tablet-pick", "/floor/", (TABLET, 1200), prepare=_scan_job, parts=FLOOR),
    Shot(GUIDE, "tablet-count", "/floor/", (TABLET, 1200), prepare=_scan_count, parts=FLOOR),
    Shot(
        GUIDE, "keyboard", "/", (DESK, 900), prepare=_open_help, parts=("dialog[open]",), margin=0
    ),
    Shot(GUIDE, "administration", "/users/", (DESK, 1200), parts=FORM),
)  # fmt: skip


if __name__ == "__main__":
    main()
