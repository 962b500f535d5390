"""Registration, login and logout, and the access rules of every page."""

import re
import time

import pytest
from flask import session

from inventory.accounts import registration, users
from inventory.web.auth import permissions
from inventory.web.auth import session as web_session

PASSWORD = "a quiet warehouse"


class Browser:
    """Test client that adds the CSRF token of a page to each form."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()

    def get(self, path, **options):
        return self.client.get(path, **options)

    def post(self, path, page="/login/", headers=None, **fields):
        html = self.client.get(page, follow_redirects=True).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', html).group(1)
        return self.client.post(path, data={"csrf_token": token, **fields}, headers=headers)

    def register(self, name="ada", password=PASSWORD, **fields):
        return self.post("/register/", "/register/", name=name, password=password, **fields)

    def log_in(self, name="ada", password=PASSWORD, path="/login/", **fields):
        return self.post(path, name=name, password=password, **fields)

    def is_in(self):
        return self.client.get("/account/").status_code == 200

    def cookies(self):
        return self.client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def other(app):
    return Browser(app)


@pytest.fixture
def ada(app, browser):
    """The administrator, logged in with `browser`."""
    browser.register("ada")
    assert browser.is_in()
    return browser


def create_user(app, name="ben", role="operator"):
    with app.app_context():
        return users.create_user(name=name, password=PASSWORD, role=role)


# --- register -------------------------------------------------------------------------------------


def test_login_redirects_to_registration_if_there_is_no_account(browser):
    answer = browser.get("/login/")
    assert (answer.status_code, answer.location) == (303, "/register/")
    assert "first account" in browser.get("/register/").text


def test_the_first_registered_user_is_logged_in_as_admin(app, browser):
    answer = browser.register("ada")
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.is_in()
    with app.app_context():
        assert users.find_account(name="ada").role == "admin"


def test_a_later_user_has_to_be_approved_by_an_admin(app, ada, other):
    answer = other.register("ben")
    assert answer.location == "/login/"
    assert "ben</strong> created. An administrator must approve" in other.get("/login/").text
    assert "is waiting for approval by an administrator" in other.log_in("ben").text
    with app.app_context():
        ben = users.find_account(name="ben")
        users.approve(user_id=ben.id, role="operator")
    other.log_in("ben")
    assert other.is_in()


def test_the_role_is_never_read_from_the_form(app, ada, other):
    app.config["REGISTRATION"] = "open"
    other.register("ben", role="admin", is_admin="1", approved_at="now")
    with app.app_context():
        assert users.find_account(name="ben").role == app.config["REGISTRATION_ROLE"]


def test_closed_registration_says_so(app, ada, other):
    app.config["REGISTRATION"] = "closed"
    assert "Registration is closed" in other.get("/register/").text
    assert other.post("/register/", "/login/", name="ben", password=PASSWORD).status_code == 403
    assert "Create an account" not in other.get("/login/").text


def test_the_first_user_needs_the_setup_code_if_there_is_one(app, browser):
    app.config["SETUP_CODE"] = registration.setup_code(secret_key=app.config["SECRET_KEY"])
    assert "Setup code" in browser.get("/register/").text
    answer = browser.register("ada", code="AAAA-BBBB-CCCC")
    assert answer.status_code == 422
    assert "The setup code is wrong" in answer.text
    assert not browser.is_in()
    assert browser.register("ada", code=app.config["SETUP_CODE"]).status_code == 303


def test_registration_is_throttled_per_address(ada, other):
    for _ in range(19):
        assert other.register("ada").status_code == 422
    answer = other.register("ben")
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert "Too many accounts were requested. Wait 60 minutes" in answer.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "password": PASSWORD}, "This field is required."),
        ({"name": "ada", "password": "short"}, "at least 8 characters"),
        ({"name": "ada", "password": "password1"}, "too common"),
        ({"name": "x" * 101, "password": PASSWORD}, "At most 100 characters"),
        ({"name": "a\0b", "password": PASSWORD}, "not allowed"),
    ],
)
def test_invalid_registration_shows_the_reason_at_the_field(browser, fields, words):
    answer = browser.register(**fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert PASSWORD not in answer.text


# --- log in, log out ------------------------------------------------------------------------------


def test_a_wrong_password_keeps_the_name_in_the_form_only(app, browser):
    create_user(app)
    answer = browser.log_in("ben", "wrong password")
    assert answer.status_code == 401
    assert "is wrong" in answer.text
    assert 'value="ben"' in answer.text
    assert "wrong password" not in answer.text


def test_ten_wrong_passwords_throttle_the_login(app, browser):
    create_user(app)
    for _ in range(10):
        assert browser.log_in("ben", "wrong password").status_code == 401
    answer = browser.log_in("ben")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "Too many attempts" in answer.text


def test_login_clears_the_previous_session(app, browser):
    create_user(app)
    with browser.client.session_transaction() as before:
        before["planted"] = "by somebody else"
    browser.log_in("ben")
    with browser.client.session_transaction() as after:
        assert "planted" not in after


@pytest.mark.parametrize(
    ("next_url", "result"),
    [
        ("/items/?q=a%20b", "/items/?q=a%20b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\\b", "/"),
        ("/a\nb", "/"),
        ("/\ta", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 3000, "/"),
        ("/ü", "/"),
        ("", "/"),
    ],
)
def test_login_redirects_to_paths_of_this_site_only(next_url, result):
    assert web_session.safe_next(next_url) == result


def test_login_redirects_to_the_requested_page(app, browser):
    create_user(app)
    redirect = browser.get("/account/?tab=1")
    assert redirect.status_code == 303
    assert redirect.location == "/login/?next=/account/?tab%3D1"
    assert browser.log_in("ben", path=redirect.location).location == "/account/?tab=1"


def test_logout_is_confirmed_and_needs_a_post(app, browser):
    create_user(app)
    browser.log_in("ben")
    assert "You are signed in as" in browser.get("/logout/").text
    assert browser.is_in()
    assert browser.post("/logout/", "/account/").location == "/login/"
    assert not browser.is_in()


def test_a_stolen_cookie_is_useless_after_logout(app, browser, other):
    create_user(app)
    browser.log_in("ben")
    stolen = browser.cookies()
    other.client.set_cookie(stolen.key, stolen.value)
    assert other.is_in()
    browser.post("/logout/", "/account/")
    other.client.set_cookie(stolen.key, stolen.value)
    assert not other.is_in()


@pytest.mark.parametrize("end", ["disable", "end_sessions"])
def test_disabling_or_ending_sessions_takes_effect_at_once(app, browser, end):
    user = create_user(app)
    browser.log_in("ben")
    with app.app_context():
        getattr(users, end)(user_id=user.id)
    assert not browser.is_in()


def test_a_change_of_role_takes_effect_at_the_next_request(app, browser):
    user = create_user(app)
    browser.log_in("ben")
    with app.app_context():
        users.set_role(user_id=user.id, role="inspector")
    assert "Inspector" in browser.get("/account/").text


@pytest.mark.parametrize(
    ("key", "age"),
    [("seen", web_session.IDLE_SECONDS + 1), ("began", web_session.MAX_SECONDS + 1)],
)
def test_a_session_cookie_expires_when_idle_and_when_old(app, browser, key, age):
    create_user(app)
    browser.log_in("ben")
    with browser.client.session_transaction() as kept:
        kept[key] = int(time.time()) - age
    assert not browser.is_in()


def test_requests_extend_a_session_but_polls_do_not(app, browser):
    create_user(app)
    browser.log_in("ben")
    an_hour_ago = int(time.time()) - 3600
    with browser.client.session_transaction() as kept:
        kept["seen"] = an_hour_ago
    browser.get("/account/", headers={"HX-PTag": "7"})
    with browser.client.session_transaction() as kept:
        assert kept["seen"] == an_hour_ago
    browser.get("/account/")
    with browser.client.session_transaction() as kept:
        assert kept["seen"] > an_hour_ago


# --- own account ----------------------------------------------------------------------------------


def test_changing_the_password_keeps_this_session_and_ends_the_others(app, browser, other):
    create_user(app)
    browser.log_in("ben")
    other.log_in("ben")
    answer = browser.post(
        "/account/password/", "/account/", current_password=PASSWORD, password="another one"
    )
    assert answer.location == "/account/"
    assert browser.is_in()
    assert not other.is_in()
    assert other.log_in("ben").status_code == 401
    assert other.log_in("ben", "another one").status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("wrong password", "another one", "not your current password"),
        (PASSWORD, "short", "at least 8 characters"),
        (PASSWORD, "", "This field is required."),
    ],
)
def test_an_invalid_password_change_changes_nothing(app, browser, other, current, new, words):
    create_user(app)
    browser.log_in("ben")
    answer = browser.post("/account/password/", "/account/", current_password=current, password=new)
    assert answer.status_code == 422
    assert words in answer.text
    assert other.log_in("ben").status_code == 303


def test_logging_out_everywhere(app, browser, other):
    create_user(app)
    browser.log_in("ben")
    other.log_in("ben")
    assert browser.post("/account/sessions/end/", "/account/").location == "/login/"
    assert not browser.is_in()
    assert not other.is_in()


# --- access to every page -------------------------------------------------------------------------

PUBLIC_ENDPOINTS = {
    "static",
    "auth.register",
    "auth.login",
    "auth.code",
    "auth.logout",
    "auth.confirm_logout",
    "auth.theme",
    "floor.show_session",
    "floor.log_in",
    "floor.log_out",
    "floor.worker",
    "floor.camera",
}


def _rules(app):
    for rule in app.url_map.iter_rules():
        if permissions.role_of(app.view_functions[rule.endpoint]) != permissions.PUBLIC:
            yield rule


def _path(app, rule):
    values = dict.fromkeys(rule.arguments, 1)
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def test_only_listed_endpoints_are_open_without_login(app):
    views = app.view_functions.items()
    public = {name for name, view in views if permissions.role_of(view) == permissions.PUBLIC}
    # The API requires tokens instead; tests/api covers its routes.
    assert {
        name for name in public if not name.startswith(("health", "api_v1."))
    } <= PUBLIC_ENDPOINTS


def test_every_api_route_requires_a_token(app, client):
    open_to_all = {"/api/v1/openapi.json", "/api/v1/docs"}
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    assert len(rules) > 20
    for rule in rules:
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = client.open(_path(app, rule), method=method)
            expected = (200,) if rule.rule in open_to_all else (401,)
            assert answer.status_code in expected, (method, rule.rule)


def test_every_other_page_requires_a_login(app, client):
    for rule in _rules(app):
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = client.open(_path(app, rule), method=method)
            assert answer.status_code in (303, 401), (method, rule.rule)
            if answer.status_code == 303:
                assert answer.location.startswith("/login/"), (method, rule.rule)


def test_every_page_refuses_lower_roles(app):
    for role in users.ROLES:
        create_user(app, role, role)
        browser = Browser(app)
        browser.log_in(role)
        for rule in _rules(app):
            needed = permissions.role_of(app.view_functions[rule.endpoint])
            if users.ROLES.index(needed) <= users.ROLES.index(role):
                continue
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                answer = browser.client.open(_path(app, rule), method=method)
                assert answer.status_code == 403, (role, method, rule.rule)


def test_role_required_checks_the_role_of_a_view(app, browser):
    @app.get("/vault/")
    @permissions.role_required("inspector")
    def vault():
        return "gold"

    create_user(app, "ben", "operator")
    create_user(app, "ina", "inspector")
    browser.log_in("ben")
    assert browser.get("/vault/").status_code == 403
    browser.post("/logout/", "/account/")
    browser.log_in("ina")
    assert browser.get("/vault/").text == "gold"


def test_a_post_without_the_csrf_token_is_refused(app, browser):
    create_user(app)
    browser.log_in("ben")
    for path in ("/logout/", "/account/password/", "/account/sessions/end/", "/theme/"):
        assert browser.client.post(path, data={"theme": "dark"}).status_code == 400, path
    assert browser.is_in()


def test_a_partial_request_without_login_redirects_the_whole_page(client):
    headers = {
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "HX-Current-URL": "http://localhost/items/?q=bolt",
    }
    answer = client.get("/account/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login/?next=/items/?q%3Dbolt"
    assert "HX-Request-Type" not in client.get("/static/css/style.css").headers.get("Vary", "")


def test_a_json_request_without_login_gets_401(client):
    assert client.get("/account/", headers={"Accept": "application/json"}).status_code == 401


def test_the_theme_is_kept_in_a_cookie(app, browser):
    create_user(app)
    answer = browser.post("/theme/", theme="dark", next="/login/")
    assert answer.location == "/login/"
    assert 'data-theme="dark"' in browser.get("/login/").text
    browser.post("/theme/", theme='"><script>')
    assert 'data-theme="' not in browser.get("/login/").text


def test_the_session_cookie_is_httponly_lax_and_has_an_expiry(app, browser):
    create_user(app)
    answer = browser.log_in("ben")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" in cookie
    with app.test_request_context():
        assert not session
