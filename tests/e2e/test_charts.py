"""The chart of the movement report: paired bars, today among them, and an axis above them."""

import pytest

from inventory.common import clock
from tests.e2e import test_operation_panels

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

desk = test_operation_panels.desk

#: Collects what charts write: the labels of both axes.
LABELS = """
    window.labels = [];
    const plain = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        window.labels.push(String(text));
        return plain.call(this, text, ...rest);
    };
"""
#: First and last column of the pixels in the colors of both series.
COLUMNS = """() => {
    const canvas = document.querySelector(".plot canvas");
    const { width, height } = canvas;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    const found = {};
    const colors = { in: [28, 74, 140], out: [115, 74, 0] };
    for (let at = 0; at < width * height; at += 1) {
        for (const [name, color] of Object.entries(colors)) {
            if (pixels[4 * at + 3] < 250) continue;
            if (color.some((part, index) => pixels[4 * at + index] !== part)) continue;
            const [low, high] = found[name] ?? [width, 0];
            found[name] = [Math.min(low, at % width), Math.max(high, at % width)];
        }
    }
    return found;
}"""


@pytest.mark.parametrize("width", [390, 1280])
def test_todays_movement_is_a_pair_of_bars_below_the_top_of_the_axis(desk, stock, width):
    stock.lot("receive 47, issue 31", lot_code="L-1")
    desk.set_viewport_size({"width": width, "height": 800})
    desk.add_init_script(LABELS)
    desk.goto("/analysis/?item=BOLT")
    desk.locator(".plot canvas").wait_for()
    desk.wait_for_timeout(300)
    columns = desk.evaluate(COLUMNS)
    (in_from, in_to), (out_from, out_to) = columns["in"], columns["out"]
    assert in_to - in_from >= 1
    assert out_to - out_from >= 1
    assert in_to <= out_from
    labels = desk.evaluate("window.labels")
    assert str(clock.today()) in labels
    assert "50" in labels


def test_an_axis_of_fractions_is_not_above_one(desk, stock):
    stock.item("OIL", unit="l", decimals=2)
    stock.lot("receive 0.07", item="OIL", lot_code="L-1")
    desk.add_init_script(LABELS)
    desk.goto("/analysis/?item=OIL")
    desk.locator(".plot canvas").wait_for()
    desk.wait_for_timeout(300)
    assert {"0.02", "0.08"} <= set(desk.evaluate("window.labels"))
