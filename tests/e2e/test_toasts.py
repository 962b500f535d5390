"""Toasts cover no control of the open form, and go by themselves or with the next submit."""

import pytest
from playwright.sync_api import expect

from tests.e2e import test_operation_panels

pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

desk = test_operation_panels.desk
SETTLED_MS = test_operation_panels.SETTLED_MS

#: Names of the form's controls that a toast covers.
COVERED = """() => {
    const toast = document.querySelector(".toast").getBoundingClientRect();
    const covers = (box) => box.width > 1 && box.left < toast.right && box.right > toast.left
        && box.top < toast.bottom && box.bottom > toast.top;
    return [...document.querySelectorAll("#act :is(input, select, textarea, button, summary)")]
        .filter((control) => control.checkVisibility() && covers(control.getBoundingClientRect()))
        .map((control) => control.name || control.textContent.trim());
}"""

#: A toast with an undo stays for 2 s instead of 20.
TEN_TIMES_FASTER = """
    const slow = window.setTimeout;
    window.setTimeout = (call, ms) => slow(call, ms === 20000 ? 2000 : ms);
"""


def issue(page, qty):
    page.locator("#act #qty").fill(qty)
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text(f"Issued {qty} ")


@pytest.mark.parametrize("size", [(1280, 720), (1280, 800), (1440, 900), (1024, 768), (390, 844)])
@pytest.mark.parametrize("path", ["/lots/1/?do=issue", "/items/1/?do=issue", "/issue/?item=BOLT"])
def test_a_toast_covers_no_control_of_the_form(desk, stock, path, size):
    stock.lot("receive 10, reserve 2 JOB-1", lot_code="L-1")
    desk.set_viewport_size({"width": size[0], "height": size[1]})
    desk.goto(path)
    issue(desk, "1")
    desk.wait_for_timeout(300)
    assert desk.evaluate(COVERED) == []


def test_the_next_submit_dismisses_a_toast(desk, stock):
    stock.lot("receive 10", lot_code="L-1")
    desk.goto("/lots/1/?do=issue")
    issue(desk, "1")
    desk.wait_for_timeout(SETTLED_MS)
    desk.locator("#qty").fill("50")
    desk.problems.clear()
    desk.keyboard.press("Enter")
    expect(desk.locator("#refusal")).to_be_visible()
    expect(desk.locator(".toast")).to_have_count(0)
    desk.problems.clear()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_toast_with_an_undo_goes_by_itself_unless_it_is_used(desk, stock, motion):
    stock.lot("receive 10", lot_code="L-1")
    desk.emulate_media(reduced_motion=motion)
    desk.add_init_script(TEN_TIMES_FASTER)
    desk.goto("/lots/1/?do=issue")
    issue(desk, "1")
    desk.wait_for_timeout(1000)
    undo = desk.locator("#toasts").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    undo.focus()
    desk.wait_for_timeout(3000)
    expect(undo).to_be_focused()
    desk.locator("#qty").focus()
    expect(desk.locator(".toast")).to_have_count(0, timeout=3000)
