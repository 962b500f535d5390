"""The Webhooks page of administrators."""

import re

import pytest

from inventory.webhooks import delivery
from tests.support.users import visible_text
from tests.support.webhook_receivers import run_receiver


@pytest.fixture
def receiver():
    with run_receiver() as receiver:
        yield receiver


def test_an_endpoint_is_added_and_its_secret_is_shown_once(ada, stock, receiver):
    answer = ada.submit("/webhooks/", url=receiver.url)
    secret = re.search(r'value="(whsec_[^"]+)"', answer.text)[1]
    page = ada.get("/webhooks/").text
    assert receiver.url in page
    assert secret not in page
    stock.item("BOLT", reorder_point="5")
    with ada.app.app_context():
        delivery.deliver_due(keys=[ada.app.config["SECRET_KEY"]])
    assert receiver.types == ["item.low"]
    assert "item.low" in visible_text(ada.get("/webhooks/").text)
    assert "Delivered" in ada.get("/webhooks/").text


def test_an_invalid_url_is_refused_and_stays_in_the_field(ada):
    answer = ada.submit("/webhooks/", url="ftp://a.example/")
    assert answer.status_code == 422
    assert "begins with https://" in visible_text(answer.text)
    assert 'value="ftp://a.example/"' in answer.text


def test_deliveries_secrets_and_endpoints_are_managed_from_the_page(ada, stock, receiver):
    receiver.answers = [500]
    first = ada.submit("/webhooks/", url=receiver.url).text
    stock.item("BOLT", reorder_point="5")
    with ada.app.app_context():
        delivery.deliver_due(keys=["k" * 40])
    assert "HTTP 500" in visible_text(ada.get("/webhooks/").text)
    assert ada.submit("/webhooks/deliveries/1/replay/", page="/webhooks/").status_code == 303
    with ada.app.app_context():
        assert delivery.deliver_due(keys=["k" * 40]) == 1
    renewed = ada.submit("/webhooks/1/secret/", page="/webhooks/").text
    secrets = [re.search(r"whsec_[^\"]+", text)[0] for text in (first, renewed)]
    assert secrets[0] != secrets[1]
    ada.submit("/webhooks/1/end/", page="/webhooks/")
    assert "No endpoints yet" in ada.get("/webhooks/").text
    for path in ("1/end/", "1/secret/", "9/end/", "deliveries/1/replay/", "deliveries/9/replay/"):
        assert ada.submit(f"/webhooks/{path}", page="/webhooks/").status_code == 404


@pytest.mark.parametrize("path", ["", "1/secret/", "1/end/", "deliveries/1/replay/"])
def test_only_admins_can_see_or_change_webhooks(person, path):
    ira = person("ira")
    form = ira.submit("/webhooks/" + path, page="/account/")
    assert form.status_code == 403
    assert ira.get("/webhooks/").status_code == 403
    assert "/webhooks/" not in ira.get("/reports/").text
