"""Pictures on the pages of items."""

from __future__ import annotations

import io
import re

from PIL import Image

from tests.support.users import form_fields, visible_text


def png(color="red", side=40):
    out = io.BytesIO()
    Image.new("RGB", (side, side), color).save(out, "PNG")
    return out.getvalue()


def upload(person, content, item_id=1):
    fields = form_fields(person.get("/account/").text)
    fields = {"csrf_token": fields["csrf_token"], "picture": (io.BytesIO(content), "a.png")}
    kind = "multipart/form-data"
    return person.client.post(f"/items/{item_id}/picture/", data=fields, content_type=kind)


def urls_of_pictures(page):
    return re.findall(r'"(/items/\d+/(?:thumbnail|picture)/\w+\.jpg)"', page.text)


def test_a_picture_is_shown_on_the_page_and_in_the_list(person, stock):
    ole = person("ole")
    stock.item("BOLT")
    assert "Add picture" in visible_text(ole.get("/items/1/").text)
    assert upload(ole, png()).location == "/items/1/"
    page = ole.get("/items/1/")
    assert "Picture of BOLT saved." in visible_text(page.text)
    assert "Replace picture" in visible_text(page.text)
    urls = urls_of_pictures(page)
    assert len(urls) == 3
    for url in urls:
        answer = ole.get(url)
        assert answer.content_type == "image/jpeg"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert Image.open(io.BytesIO(answer.data)).format == "JPEG"
    assert len(urls_of_pictures(ole.get("/items/"))) == 1
    upload(ole, png("blue"))
    assert ole.get(urls[0]).status_code == 404


def test_a_picture_is_deleted_and_both_are_audited(ada, stock):
    stock.item("BOLT")
    upload(ada, png())
    page = ada.get("/items/1/").text
    assert ada.post("/items/1/picture/delete/", form_fields(page)).status_code == 303
    assert urls_of_pictures(ada.get("/items/1/")) == []
    words = visible_text(ada.get("/audit/").text)
    assert "Picture of an item changed" in words
    assert "Picture of an item deleted" in words
    assert ada.post("/items/1/picture/delete/", form_fields(page)).status_code == 404


def test_a_file_that_is_no_picture_is_refused_in_words(ada, stock):
    stock.item("BOLT")
    for content, words in ((b"hello", "not a picture that can be read"), (b"", "Choose a picture")):
        assert upload(ada, content).status_code == 303
        assert words in visible_text(ada.get("/items/1/").text)
    assert urls_of_pictures(ada.get("/items/1/")) == []


def test_viewers_see_pictures_and_change_none(ada, person, stock):
    stock.item("BOLT")
    upload(ada, png())
    vic = person("vic")
    page = vic.get("/items/1/")
    assert len(urls_of_pictures(page)) == 3
    assert "Replace picture" not in visible_text(page.text)
    assert upload(vic, png("blue")).status_code == 403
    vic.client.delete_cookie("session")
    assert vic.client.get(urls_of_pictures(page)[0]).status_code in (302, 303)
