"""The camera as a scanner: the browser plays a video of two barcodes."""

import shutil

import pytest
import zxingcpp
from playwright.sync_api import expect

from inventory.accounts import users
from tests.conftest import BROWSER_FLAGS, BROWSERS, PAGE_TIMEOUT_MS
from tests.e2e.tablets import PASSWORD, Tablet

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

WIDTH, HEIGHT = 640, 480
GTIN = "09521123456785"


def picture(content, kind, *, scale, **options):
    """Return a frame with the barcode in the center, as luma values."""
    image = zxingcpp.create_barcode(content, kind, **options).to_image(scale, add_quiet_zones=True)
    rows = memoryview(image).tolist()
    top, left = (HEIGHT - len(rows)) // 2, (WIDTH - len(rows[0])) // 2
    frame = bytearray(b"\xeb" * WIDTH * HEIGHT)
    for y, row in enumerate(rows):
        at = (top + y) * WIDTH + left
        frame[at : at + len(row)] = bytes(235 if value else 16 for value in row)
    return bytes(frame)


def write_video(path, frames, *, each):
    """Write a YUV4MPEG file, which Chromium plays repeatedly instead of the camera."""
    neutral_chroma = b"\x80" * (WIDTH * HEIGHT // 2)
    with path.open("wb") as video:
        video.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            video.write((b"FRAME\n" + frame + neutral_chroma) * each)


@pytest.fixture
def camera_page(browser, tmp_path, site):
    video = tmp_path / "codes.y4m"
    formats = zxingcpp.BarcodeFormat
    label = f"(01){GTIN}(10)L-1(17)291231(37)42"
    frames = [
        picture(label, formats.DataMatrix, scale=8, gs1=True),
        b"\xeb" * WIDTH * HEIGHT,
        picture("L-2", formats.Code128, scale=4),
        b"\xeb" * WIDTH * HEIGHT,
    ]
    write_video(video, frames, each=30)
    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]
    path = next(filter(None, map(shutil.which, BROWSERS)))
    camera_browser = browser.browser_type.launch(executable_path=path, args=BROWSER_FLAGS + flags)
    context = camera_browser.new_context(base_url=site.url, permissions=["camera"])
    context.set_default_timeout(PAGE_TIMEOUT_MS)
    yield context.new_page()
    camera_browser.close()


def test_the_camera_reads_a_gs1_datamatrix_and_a_code_128(app, stock, camera_page):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    for code in ("L-1", "L-2"):
        stock.lot("receive 10", lot_code=code)
    stock.link(code=GTIN)
    page = camera_page
    loaded = []
    page.context.on("request", lambda request: loaded.append(request.url))
    tablet = Tablet(page).opens()
    assert not [url for url in loaded if url.endswith("/floor/camera.js") or "zxing" in url]
    page.evaluate(
        "() => { window.raw = [];"
        " document.addEventListener('floor:scan', ({ detail }) => raw.push(detail.raw)); }"
    )
    page.locator("#camera").click()
    expect(page.locator("#camera-view video")).to_be_visible()
    for _ in range(400):
        raw = page.evaluate("window.raw")
        if len(set(raw)) >= 2:
            break
        page.wait_for_timeout(50)
    assert set(raw) == {f"]d201{GTIN}10L-1\x1d172912313742", "]C0L-2"}
    texts = (
        "[...document.querySelectorAll('#scans button')].map((button) => button.firstChild.data)"
    )
    assert set(page.evaluate(texts)) == {f"(01){GTIN}(10)L-1(17)291231(37)42", "L-2"}
    page.locator("#camera").click()
    expect(page.locator("#camera-view")).to_be_hidden()
    assert tablet.console_errors == []


#: A browser with a BarcodeDetector, as on tablets.
_DETECTOR = """
window.shown = { format: "ean_13", rawValue: "4006381333931" };
window.BarcodeDetector = class {
  static getSupportedFormats() { return Promise.resolve(["ean_13", "data_matrix", "code_128"]); }
  detect() { return Promise.resolve(window.shown ? [window.shown] : []); }
};
"""


def test_the_barcode_detector_is_used_except_for_gs1(app, stock, camera_page):
    with app.app_context():
        users.create_user(name="ole", password=PASSWORD, role="operator")
    stock.lot("receive 10", lot_code="L-1")
    stock.link(code=GTIN)
    stock.link(code="4006381333931", item=stock.item("PLATE"))
    page = camera_page
    page.add_init_script(_DETECTOR)
    loaded = []
    page.context.on("request", lambda request: loaded.append(request.url))
    tablet = Tablet(page).opens()
    page.locator("#camera").click()
    tablet.sees("PLATE")
    assert not [url for url in loaded if url.endswith("/floor/camera.js") or "zxing" in url]
    raw = f"01{GTIN}10L-117291231"
    page.evaluate(f"window.shown = {{ format: 'data_matrix', rawValue: '{raw}' }}")
    expect(page.locator("#scans")).to_contain_text(f"(01){GTIN}(10)L-1(17)291231(37)42")
    assert [url for url in loaded if url.endswith("/floor/camera.js")]
    assert tablet.console_errors == []
