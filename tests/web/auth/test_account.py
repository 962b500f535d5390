"""The page of a user's own API tokens."""

import re

import pytest

from inventory.accounts import api_tokens
from inventory.common import clock
from tests.support.stock_builder import in_days
from tests.support.users import visible_text

PAGE = "/account/tokens/"


def post(person, path, **fields):
    page = person.get(PAGE).text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    return person.post(path, {"csrf_token": csrf}, **fields)


def create(person, **typed):
    return post(person, PAGE, **{"name": "shop", "role": "operator", **typed})


def revoke(person, token_id):
    return post(person, f"{PAGE}{token_id}/revocation/")


def secret_on(answer):
    return re.search(r'id="secret" value="(inv_[^"]+)"', answer.text)[1]


def token_user(app, secret):
    with app.app_context():
        return api_tokens.authenticate(secret)


def api_status(app, secret):
    headers = {"Authorization": f"Bearer {secret}"}
    return app.test_client().get("/api/v1/items", headers=headers).status_code


def test_a_new_token_gives_access_to_the_api(app, person):
    ole = person("ole")
    answer = create(ole)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    secret = secret_on(answer)
    assert token_user(app, secret).user_name == "ole"
    assert token_user(app, secret).role == "operator"
    assert api_status(app, secret) == 200


def test_the_secret_of_a_token_is_shown_once(app, person):
    ole = person("ole")
    secret = secret_on(create(ole))
    page = ole.get(PAGE).text
    assert secret not in page
    assert secret[:10] in page


def test_a_token_can_have_a_lower_role_and_an_expiry_date(app, person):
    ole = person("ole")
    secret = secret_on(create(ole, role="viewer", expires=str(in_days(3))))
    assert token_user(app, secret).role == "viewer"
    with app.app_context():
        (token,) = api_tokens.list_tokens()
    assert token.expires_at.astimezone(clock.zone()).date() == in_days(3)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 61}, "At most 60 characters"),
        ({"role": "admin"}, "Not a valid choice"),
        ({"expires": "2020-01-01"}, "in the future"),
        ({"expires": str(in_days(400))}, "at most 365 days"),
        ({"expires": "soon"}, "Not a valid date"),
    ],
)
def test_a_refused_token_form_gives_the_reason_and_keeps_its_values(app, person, typed, words):
    ole = person("ole")
    answer = create(ole, **typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed.get("name", "shop")}"' in answer.text
    with app.app_context():
        assert api_tokens.list_tokens() == []


def test_a_revoked_token_is_refused_at_once(app, person):
    ole = person("ole")
    secret = secret_on(create(ole))
    with app.app_context():
        (token,) = api_tokens.list_tokens()
    assert revoke(ole, token.id).location == PAGE
    assert api_status(app, secret) == 401
    page = visible_text(ole.get(PAGE).text)
    assert "Token “shop” revoked." in page
    assert "revoked" in page


def test_tokens_of_other_users_cannot_be_seen_or_revoked(app, person, ada):
    secret = secret_on(create(ada))
    with app.app_context():
        (token,) = api_tokens.list_tokens()
    ole = person("ole")
    assert revoke(ole, token.id).status_code == 404
    assert api_status(app, secret) == 200
    assert secret[:10] not in ole.get(PAGE).text


def test_the_account_page_links_to_the_tokens(ada):
    assert f'href="{PAGE}"' in ada.get("/account/").text
