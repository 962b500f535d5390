"""The Health page: checks, backups and maintenance jobs started from it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from inventory.common import clock
from inventory.db import db
from inventory.web import background_jobs
from tests.support.servers import wait_until
from tests.support.users import Person, visible_text


def back_up(person):
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/checkup/").text)[1]
    return person.post("/checkup/backups/", {"csrf_token": csrf})


def page_after_backup(app, person):
    """Wait until the backup is done and return the text of the page."""
    with app.app_context():
        wait_until(
            lambda: not background_jobs.is_running(background_jobs.BACK_UP),
            "it never ends",
            seconds=60,
        )
    return visible_text(person.get("/checkup/").text)


def test_an_admin_can_make_a_backup_from_the_page(app, ada, stock):
    stock.lot("receive 10")
    assert 'href="/checkup/"' in ada.get("/settings/").text
    assert "No backups yet" in visible_text(ada.get("/checkup/").text)
    assert back_up(ada).location == "/checkup/"
    words = page_after_backup(app, ada)
    assert "No backups yet" not in words
    assert re.search(r"inventory-\d{8}T\d{6}Z\.zip .* 1 0\.\d MiB", words)
    assert "The last backup failed" not in words


def test_a_failed_backup_is_reported(app, ada, tmp_path):
    (tmp_path / "file").write_text("")
    app.config["BACKUP_PATH"] = str(tmp_path / "file" / "backups")
    back_up(ada)
    assert "The last backup failed" in page_after_backup(app, ada)


def test_a_backup_is_verified_from_the_page(app, ada, stock):
    stock.lot("receive 10")
    back_up(ada)
    page_after_backup(app, ada)
    [path] = Path(app.config["BACKUP_PATH"]).glob("*.zip")
    assert " never " in visible_text(ada.get("/checkup/").text)
    assert post_from_page(ada, f"/checkup/backups/{path.name}/verification/").status_code == 303
    job = ("backup", "verify", str(path))
    with app.app_context():
        wait_until(lambda: not background_jobs.is_running(job), "it never ends", seconds=60)
    assert " Intact " in visible_text(ada.get("/checkup/").text)


@pytest.mark.parametrize("name", ["inventory-20260101T000000Z.zip", "..%2Fsecret_key", "x"])
def test_only_existing_backups_can_be_verified(ada, name):
    assert post_from_page(ada, f"/checkup/backups/{name}/verification/").status_code == 404


def test_expired_reservations_are_unreserved_from_the_page(app, ada, stock):
    stock.lot("receive 10")
    stock.post("reserve", item="BOLT", qty="4", reference="JOB", expires_at=in_one_hour())
    with clock.frozen_at(clock.now() + timedelta(hours=2)):
        assert post_from_page(ada, "/checkup/expired-reservations/").location == "/checkup/#upkeep"
        assert "Unreserved 1 expired reservation." in visible_text(ada.get("/checkup/").text)
        post_from_page(ada, "/checkup/expired-reservations/")
        assert "No reservation has expired" in visible_text(ada.get("/checkup/").text)


def test_the_balance_tables_are_rebuilt_from_the_page(app, ada, stock):
    stock.lot("receive 10")
    with app.app_context(), db.engine.connect().execution_options(write=True) as conn, conn.begin():
        conn.exec_driver_sql("DELETE FROM lot_heads")
    post_from_page(ada, "/checkup/read-cache/")
    with app.app_context():
        wait_until(
            lambda: not background_jobs.is_running(background_jobs.REBUILD),
            "it never ends",
            seconds=60,
        )
    assert "1 lot compared with the ledger" in visible_text(ada.get("/checkup/").text)


def test_a_digest_from_the_page_is_accepted_by_the_command(app, ada, stock, tmp_path):
    stock.lot("receive 10")
    kept = tmp_path / "digest.json"
    answer = ada.get("/checkup/digest.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    kept.write_text(answer.text)
    done = app.test_cli_runner().invoke(args=["ledger", "verify", "--against", str(kept)])
    assert done.exit_code == 0, done.output


def in_one_hour():
    return clock.now() + timedelta(hours=1)


def post_from_page(person, path):
    """Post to the path with the CSRF token of the page."""
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/checkup/").text)[1]
    return person.post(path, {"csrf_token": csrf})


def test_only_admins_can_open_the_health_page(app, ada):
    for name in ("ira", "ole", "vic"):
        person = Person(app, name)
        assert person.get("/checkup/").status_code == 403
        assert "Health" not in visible_text(person.get("/").text)
        assert person.get("/checkup/digest.json").status_code == 403
        assert person.post("/checkup/backups/", {}).status_code in (400, 403)
