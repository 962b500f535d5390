"""One's own tokens, made and ended on a page. (Passwords and sessions: test_auth.py.)"""

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


def make(person, **typed):
    return post(person, PAGE, **{"name": "shop", "role": "operator", **typed})


def revoke(person, token_id):
    return post(person, f"{PAGE}{token_id}/revocation/")


def secret_on(answer):
    return re.search(r'id="secret" value="(inv_[^"]+)"', answer.text)[1]


def caller(app, secret):
    with app.app_context():
        return api_tokens.authenticate(secret)


def calls_the_api_with(app, secret):
    headers = {"Authorization": f"Bearer {secret}"}
    return app.test_client().get("/api/v1/items", headers=headers).status_code


def test_a_token_is_made_and_opens_the_api(app, person):
    ole = person("ole")
    answer = make(ole)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    secret = secret_on(answer)
    assert caller(app, secret).user_name == "ole"
    assert caller(app, secret).role == "operator"
    assert calls_the_api_with(app, secret) == 200


def test_a_token_is_shown_once(app, person):
    ole = person("ole")
    secret = secret_on(make(ole))
    page = ole.get(PAGE).text
    assert secret not in page
    assert secret[:10] in page


def test_a_token_may_be_weaker_and_end_early(app, person):
    ole = person("ole")
    secret = secret_on(make(ole, role="viewer", expires=str(in_days(3))))
    assert caller(app, secret).role == "viewer"
    with app.app_context():
        (token,) = api_tokens.list_tokens()
    assert token.expires_at.astimezone(clock.zone()).date() == in_days(3)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "This is needed."),
        ({"name": "x" * 61}, "At most 60 characters"),
        ({"role": "admin"}, "Not a valid choice"),
        ({"expires": "2020-01-01"}, "in the future"),
        ({"expires": str(in_days(400))}, "at most 365 days"),
        ({"expires": "soon"}, "Not a valid date"),
    ],
)
def test_a_refused_token_says_why_and_keeps_what_was_typed(app, person, typed, words):
    ole = person("ole")
    answer = make(ole, **typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed.get("name", "shop")}"' in answer.text
    with app.app_context():
        assert api_tokens.list_tokens() == []


def test_a_revoked_token_ends_at_once(app, person):
    ole = person("ole")
    secret = secret_on(make(ole))
    with app.app_context():
        (token,) = api_tokens.list_tokens()
    assert revoke(ole, token.id).location == PAGE
    assert calls_the_api_with(app, secret) == 401
    page = visible_text(ole.get(PAGE).text)
    assert "The token “shop” no longer works." in page
    assert "revoked" in page


def test_nobody_ends_or_sees_anothers_token(app, person, ada):
    secret = secret_on(make(ada))
    with app.app_context():
        (token,) = api_tokens.list_tokens()
    ole = person("ole")
    assert revoke(ole, token.id).status_code == 404
    assert calls_the_api_with(app, secret) == 200
    assert secret[:10] not in ole.get(PAGE).text


def test_the_account_leads_to_the_tokens(ada):
    assert f'href="{PAGE}"' in ada.get("/account/").text
