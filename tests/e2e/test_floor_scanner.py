"""The scanner set-up page: what the scanner sends, and what to change."""

import io

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from inventory.accounts import users
from tests.e2e.tablets import PASSWORD, Tablet
from tests.e2e.test_floor_page import SIZES, problems_of

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

CORE = "010952112345678510XYZ-1"
RIGHT = f"]d2{CORE}\x1d17301231"
GOOD, FAIR, POOR = "set up correctly", "can be improved", "needs other settings"


@pytest.fixture
def scanner(app, page):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    tablet = Tablet(page).opens()
    page.get_by_role("link", name="Scanner setup").click()
    page.wait_for_url("**/floor/scanner/")
    expect(page.locator("body[data-ready]")).to_be_attached()
    yield tablet
    assert tablet.console_errors == []


#: Text and suffix that a scanner sends, verdict and finding of the page.
SCANNER_INPUTS = [
    (RIGHT, "Enter", GOOD, "FNC1 is sent as GS"),
    (RIGHT, "Tab", GOOD, "ends with Tab"),
    (RIGHT, "", FAIR, "No suffix"),
    (RIGHT.removeprefix("]d2"), "Enter", FAIR, "No prefix"),
    (RIGHT.replace("\x1d", "<GS>"), "Enter", GOOD, "FNC1 is sent as <GS>"),
    (RIGHT.replace("\x1d", ""), "Enter", POOR, "the lot would be read as XYZ-117301231"),
    (RIGHT.replace("\x1d", "#"), "Enter", POOR, "FNC1 is sent as #"),
    (RIGHT.replace("]d2", "]d1"), "Enter", POOR, "]d1 means that the code is not GS1"),
    ("*" + RIGHT, "Enter", POOR, "adds *]d2 before the code"),
    (RIGHT + "%", "Enter", POOR, "adds % after the code"),
    (RIGHT.replace("XYZ-1", "XZYß1"), "Enter", POOR, "keyboard language"),
    (RIGHT.replace("XYZ", "xyz"), "Enter", POOR, "Caps Lock"),
    ("4006381333931", "Enter", "Another code", "This is another code"),
    ("01095211234567853103001250", "Enter", "Another code", "code: (01)09521123456785(3103)001250"),
]


def test_the_page_explains_what_the_scanner_sends(scanner, page):
    for sent, end, verdict, finding in SCANNER_INPUTS:
        scanner.scans(sent, end=end)
        expect(page.locator("#findings")).to_contain_text(finding)
        scanner.sees(verdict)


def test_slow_keys_are_reported(scanner, page):
    scanner.scans(RIGHT, gap=1, hiccup=(0, 0, 120))
    scanner.sees(POOR, "bad")
    expect(page.locator("#findings")).to_contain_text("Keys are up to 121 ms apart")


def test_the_sample_barcodes_can_be_read_from_the_screen(scanner, page):
    for kind in (".square", ".bars"):
        screenshot = Image.open(io.BytesIO(page.locator(kind).screenshot()))
        found = zxingcpp.read_barcode(screenshot)
        assert found.content_type == zxingcpp.ContentType.GS1
        assert found.text == "(01)09521123456785(10)XYZ-1(17)301231"
        assert found.bytes == f"{CORE}\x1d17301231".encode()


def test_the_scanner_page_is_accessible_with_large_targets(scanner, page):
    problems = []
    for sent in (RIGHT, RIGHT.replace("\x1d", "")):
        scanner.scans(sent)
        expect(page.locator("#findings")).to_contain_text("FNC1")
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=scheme)
                problems += [f"{width} in {scheme}: {problem}" for problem in problems_of(page)]
    assert not problems, "\n".join(problems)
