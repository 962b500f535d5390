"""The page of the installation: its check-up, and backups made from it."""

import re

from inventory.web import errands
from tests.servers import wait_until
from tests.web.people import Person, words_of


def back_up(person):
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/checkup/").text)[1]
    return person.post("/checkup/backups/", {"csrf_token": csrf})


def what_came(app, person):
    """What the page says when the run is over."""
    with app.app_context():
        wait_until(lambda: not errands.is_running(errands.BACK_UP), "it never ends", seconds=60)
    return words_of(person.get("/checkup/").text)


def test_an_admin_makes_a_backup_from_the_page(app, ada, stock):
    stock.lot("receive 10")
    assert 'href="/checkup/"' in ada.get("/").text
    assert "There is no backup yet" in words_of(ada.get("/checkup/").text)
    assert back_up(ada).location == "/checkup/"
    words = what_came(app, ada)
    assert "There is no backup yet" not in words
    assert re.search(r"inventory-\d{8}T\d{6}Z\.zip .* 1 0\.\d MiB", words)
    assert "was not made" not in words


def test_a_backup_that_failed_is_told(app, ada, tmp_path):
    (tmp_path / "file").write_text("")
    app.config["BACKUP_PATH"] = str(tmp_path / "file" / "backups")
    back_up(ada)
    assert "was not made" in what_came(app, ada)


def test_nobody_but_an_admin_opens_it(app, ada):
    for name in ("ira", "ole", "vic"):
        person = Person(app, name)
        assert person.get("/checkup/").status_code == 403
        assert "Health" not in words_of(person.get("/").text)
        assert person.post("/checkup/backups/", {}).status_code in (400, 403)
