"""The settings: values, defaults and refusals."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from inventory.config import Config, ConfigError
from inventory.http import proxy

SECRET = "0123456789abcdef0123456789abcdef"


def read(**environ: str) -> Config:
    return Config.from_env({"SECRET_KEY": SECRET, **environ})


def test_the_defaults(tmp_path: Path) -> None:
    config = Config.from_env({"INSTANCE_PATH": str(tmp_path)})
    assert (config.host, config.port, config.workers, config.threads) == ("127.0.0.1", 8000, 1, 4)
    assert config.database_url == f"sqlite:///{tmp_path}/inventory.db"
    assert str(config.site_timezone) == "UTC"
    assert (config.site_name, config.registration) == ("Inventory", "approval")
    assert (config.registration_role, config.trusted_hosts) == ("operator", ())
    assert (config.https, config.proxy_count, config.log_level) == (False, 0, "INFO")
    assert config.is_loopback


def test_the_default_instance_path_is_in_the_checkout() -> None:
    assert read().instance_path == Path(__file__).resolve().parent.parent / "instance"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(PORT="", SITE_NAME=" ", DATABASE_URL="") == read()


def test_the_config_is_immutable_and_hides_secrets() -> None:
    config = read(DATABASE_URL="postgresql://u:pass-phrase@h/d", SECRET_KEY_FALLBACKS="f" * 32)
    with pytest.raises(FrozenInstanceError):
        config.port = 1  # type: ignore[misc]
    for secret in (SECRET, "f" * 32, "pass-phrase"):
        assert secret not in repr(config)
    assert "pass-phrase" not in config.database_name


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("postgresql://u:p@h:5433/d", "postgresql+psycopg://u:p@h:5433/d"),
        ("postgres://u:p%40w@h/d", "postgresql+psycopg://u:p%40w@h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("postgresql:///d?host=/run/pg", "postgresql+psycopg:///d?host=%2Frun%2Fpg"),
        ("sqlite:////srv/stock.db", "sqlite:////srv/stock.db"),
        ("sqlite:///stock.db", f"sqlite:///{Path.cwd()}/stock.db"),
    ],
)
def test_database_urls(url: str, parsed: str) -> None:
    assert read(DATABASE_URL=url).database_url == parsed


def test_an_instance_path_can_have_special_characters(tmp_path: Path) -> None:
    instance = tmp_path / "a b%c?d#e"
    config = Config.from_env({"INSTANCE_PATH": str(instance)})
    assert config.url.database == str(instance / "inventory.db")


def test_postgresql_gets_two_workers() -> None:
    assert read(DATABASE_URL="postgresql://h/d").workers == 2
    assert read(DATABASE_URL="postgresql://h/d", WORKERS="5").workers == 5


REFUSED = [
    ("HOST", "example.com", "IP address"),
    ("PORT", "0", "from 1 to 65535"),
    ("PORT", "65536", "from 1 to 65535"),
    ("PORT", "80 80", "whole number"),
    ("PORT", "-1", "whole number"),
    ("PORT", "\u0663\u0663", "whole number"),
    ("PORT", "9" * 5000, "whole number"),
    ("DATABASE_URL", "mysql://u:hidden@h/d", "postgresql://"),
    ("DATABASE_URL", "postgresql+psycopg2://u:hidden@h/d", "postgresql://"),
    ("DATABASE_URL", "postgresql://u:hidden@h:port/d", "postgresql://"),
    ("DATABASE_URL", "postgresql://u:hidden@h/", "postgresql://"),
    ("DATABASE_URL", "sqlite://", "sqlite:////PATH"),
    ("DATABASE_URL", "sqlite:///:memory:", "sqlite:////PATH"),
    ("DATABASE_URL", "sqlite:///stock.db?mode=memory", "sqlite:////PATH"),
    ("DATABASE_URL", "stock.db", "sqlite:////PATH"),
    ("SECRET_KEY", "hidden", "at least 32 characters"),
    ("SECRET_KEY_FALLBACKS", f"{SECRET},hidden", "at least 32 characters"),
    ("SITE_TIMEZONE", "Mars/Olympus", "Europe/Berlin"),
    ("SITE_TIMEZONE", "../../etc/passwd", "Europe/Berlin"),
    ("SITE_NAME", "x" * 61, "at most 60"),
    ("SITE_NAME", "two\nlines", "one line"),
    ("REGISTRATION", "Open", "approval, open or closed"),
    ("REGISTRATION_ROLE", "admin", "viewer, operator or inspector"),
    ("TRUSTED_HOSTS", "http://stock.example.com", "host names"),
    ("HTTPS", "maybe", "1 (yes) or 0 (no)"),
    ("PROXY_COUNT", "6", "from 0 to 5"),
    ("WORKERS", "2", "1 on SQLite"),
    ("THREADS", "0", "from 1 to 64"),
    ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING or ERROR"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), REFUSED)
def test_an_invalid_value_is_refused_with_the_allowed_ones(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(**{name: value})
    sentence = str(refusal.value)
    assert sentence.startswith(f"{name} must be ")
    assert allowed in sentence
    assert "hidden" not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_hosts_and_addresses() -> None:
    hosts = read(TRUSTED_HOSTS=" stock.example.com, .example.org ,").trusted_hosts
    assert hosts == ("stock.example.com", ".example.org")
    assert read(HOST="localhost").host == "127.0.0.1"
    assert read(HOST="::1").address == "http://[::1]:8000/"
    assert read(HOST="0.0.0.0", PORT="80").address == "http://127.0.0.1:80/"
    assert not read(HOST="0.0.0.0").is_loopback
    assert not read(HOST="192.0.2.1").is_loopback


# --- the secret key -------------------------------------------------------------------------------


def test_the_first_start_creates_a_permanent_key(tmp_path: Path) -> None:
    environ = {"INSTANCE_PATH": str(tmp_path / "new")}
    key = Config.from_env(environ).secret_key
    assert len(key) >= 32
    assert Config.from_env(environ).secret_key == key
    assert stat.S_IMODE((tmp_path / "new/secret_key").stat().st_mode) == 0o600
    assert Config.from_env({"INSTANCE_PATH": str(tmp_path / "other")}).secret_key != key


def test_a_configured_key_is_not_written_to_a_file(tmp_path: Path) -> None:
    config = read(INSTANCE_PATH=str(tmp_path / "instance"))
    assert config.secret_key == SECRET
    assert not (tmp_path / "instance").exists()


def test_a_refused_setting_writes_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Config.from_env({"INSTANCE_PATH": str(tmp_path / "instance"), "LOG_LEVEL": "loud"})
    assert not (tmp_path / "instance").exists()


def test_concurrent_first_starts_use_one_key(tmp_path: Path) -> None:
    def start(instance: Path) -> str:
        barrier.wait()
        return Config.from_env({"INSTANCE_PATH": str(instance)}).secret_key

    barrier = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        for round_ in range(20):
            assert len(set(pool.map(start, [tmp_path / str(round_)] * 8))) == 1


def test_an_invalid_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigError, match="INSTANCE_PATH holds an unusable secret key"):
        Config.from_env({"INSTANCE_PATH": str(tmp_path)})


def test_an_instance_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="INSTANCE_PATH must be a directory"):
        Config.from_env({"INSTANCE_PATH": str(tmp_path / "file")})


# --- Flask and proxies ----------------------------------------------------------------------------


def test_session_cookies_have_strict_attributes_and_a_host_prefix() -> None:
    plain, https = read().to_flask(), read(HTTPS="yes").to_flask()
    for flask in (plain, https):
        assert flask["SESSION_COOKIE_HTTPONLY"]
        assert flask["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert (plain["SESSION_COOKIE_NAME"], plain["SESSION_COOKIE_SECURE"]) == ("session", False)
    assert (https["SESSION_COOKIE_NAME"], https["SESSION_COOKIE_SECURE"]) == (
        "__Host-session",
        True,
    )


def test_a_session_signed_with_a_fallback_key_is_accepted() -> None:
    old = Flask("old")
    old.config.update(read().to_flask())
    new = Flask("new")
    new.config.update(read(SECRET_KEY="n" * 32, SECRET_KEY_FALLBACKS=SECRET).to_flask())
    serializer = SecureCookieSessionInterface().get_signing_serializer
    signer, reader = serializer(old), serializer(new)
    assert signer is not None
    assert reader is not None
    assert reader.loads(signer.dumps({"user": 7})) == {"user": 7}


@pytest.mark.parametrize(
    ("settings", "served", "refused"),
    [
        ({}, ["localhost", "127.0.0.1:8000", "[::1]:8000"], ["evil.example.com", "localhost.evil"]),
        ({"HOST": "127.0.0.2"}, ["127.0.0.2"], ["evil.example.com"]),
        ({"HOST": "0.0.0.0"}, ["any.example.com", "10.0.0.1"], []),
        ({"PROXY_COUNT": "1"}, ["any.example.com"], []),
        ({"HTTPS": "1"}, ["any.example.com"], []),
        (
            {"TRUSTED_HOSTS": "stock.example.com,.example.org,a.example:81"},
            ["stock.example.com", "STOCK.example.com:9", "example.org", "x.example.org"],
            ["evil.example.com", "evilexample.org", "localhost", "a.example", "a.example:82"],
        ),
    ],
)
def test_only_known_hosts_are_served(
    settings: dict[str, str], served: list[str], refused: list[str]
) -> None:
    app = Flask("app")
    app.add_url_rule("/", view_func=lambda: "yes")
    proxy.init_app(app, read(**settings))
    client = app.test_client()
    for host in served:
        assert client.get("/", headers={"Host": host}).status_code == 200, host
    for host in refused:
        assert client.get("/", headers={"Host": host}).status_code == 400, host


@pytest.mark.parametrize(
    "host", ["[", "a b", "a" * 64, "a,b", "évil", "a/b", "a@b", "a:b", "..", ""]
)
def test_an_invalid_host_name_is_refused(host: str) -> None:
    app = Flask("app")
    app.add_url_rule("/", view_func=lambda: "yes")
    proxy.init_app(app, read(HOST="0.0.0.0"))
    environ = {"HTTP_HOST": host.encode().decode("latin-1")}
    assert app.test_client().get("/", environ_overrides=environ).status_code == 400


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ("0", "http://localhost/ 127.0.0.1"),
        ("1", "https://b.example/ 10.0.0.2"),
        ("2", "http://a.example/ 10.0.0.1"),
    ],
)
def test_proxy_headers_are_trusted_up_to_proxy_count(count: str, expected: str) -> None:
    app = Flask("app")
    app.add_url_rule("/", view_func=lambda: f"{request.url} {request.remote_addr}")
    proxy.init_app(app, read(PROXY_COUNT=count))
    headers = {
        "X-Forwarded-For": "10.0.0.1, 10.0.0.2",
        "X-Forwarded-Proto": "http, https",
        "X-Forwarded-Host": "a.example, b.example",
    }
    assert app.test_client().get("/", headers=headers).text == expected
