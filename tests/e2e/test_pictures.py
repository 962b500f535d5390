"""Pictures of items in the browser, which makes them smaller before it sends them."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e import test_lists

#: The behavior of the browser does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.only("sqlite")]

ada = test_lists.ada


def test_a_large_picture_of_a_camera_is_stored(ada):
    page, size = ada, (3000, 2000)
    grain = Image.frombytes("L", (300, 200), random.Random(1).randbytes(60_000)).resize(size)
    out = io.BytesIO()
    Image.merge("RGB", (grain, grain, grain)).save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > 900_000, "more than the server takes"
    page.goto("/items/1/")
    photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    page.locator("[data-picture]").set_input_files(photo)
    expect(page.locator("#toasts")).to_contain_text("Picture of PART-000 saved.")
    picture = page.locator(".picture img")
    expect(picture).to_have_js_property("naturalWidth", 96)
    url = page.locator(".picture a").get_attribute("href")
    stored = page.request.get(url).body()
    assert len(stored) <= 100_000
    width, height = Image.open(io.BytesIO(stored)).size
    assert 320 <= width <= 1024
    assert abs(width / height - 1.5) < 0.01
    page.goto("/items/")
    expect(page.locator("#live .thumb")).to_have_count(1)
    expect(page.locator("#live .thumb")).to_have_js_property("naturalWidth", 96)


def test_a_file_that_is_no_picture_is_refused(ada):
    page = ada
    page.goto("/items/1/")
    text = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    page.locator("[data-picture]").set_input_files(text)
    expect(page.locator("#toasts")).to_contain_text("not a picture that can be read")
