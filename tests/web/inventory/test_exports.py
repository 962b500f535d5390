"""The page of exports of whole lists."""

import pytest

from inventory.exports import lists
from inventory.exports.formats import KINDS
from inventory.web.inventory import exports
from tests.support.users import Person, visible_text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", list(lists.LISTS))
def test_each_export_equals_the_output_of_the_command(app, ada, stock, name, kind):
    stock.lot("receive 10, reserve 4 JOB-1")
    page = ada.get("/files/").text
    assert f'href="/files/{name}.{kind}"' in page
    answer = ada.get(f"/files/{name}.{kind}")
    assert answer.status_code == 200
    assert f'filename="{name}.{kind}"' in answer.headers["Content-Disposition"]
    done = app.test_cli_runner().invoke(args=["export", name, "--format", kind])
    if kind != "xlsx":  # contains the time of creation
        assert answer.data == done.stdout_bytes
    assert len(answer.data) == len(done.stdout_bytes)


def test_each_list_has_labels():
    assert list(exports.WORDS) == list(lists.LISTS)


def test_the_audit_log_export_is_for_admins(app, ada):
    vic = Person(app, "vic")
    assert "Audit" not in visible_text(vic.get("/files/").text)
    assert vic.get("/files/audit.csv").status_code == 403
    assert vic.get("/files/ledger.csv").status_code == 200
    assert 'href="/files/"' in vic.get("/reports/").text


@pytest.mark.parametrize("path", ["/files/users.csv", "/files/items.exe", "/files/items"])
def test_other_files_are_not_found(ada, path):
    assert ada.get(path).status_code == 404
