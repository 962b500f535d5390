"""The settings: one frozen Config, read once from the environment.

An invalid value stops the start with a sentence that names the variable and the allowed values. An
empty variable counts as not set.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from inventory.common.languages import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent

REGISTRATIONS = ("approval", "open", "closed")
ROLES = ("viewer", "operator", "inspector", "admin")
REGISTRATION_ROLES = ("viewer", "operator", "inspector")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("text", "json")
SHORTEST_SECRET = 32

T = TypeVar("T")


class ConfigError(Exception):
    """An invalid setting; `str()` names it and the allowed values."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of a site; `from_env` has the variables and their defaults."""

    host: str
    port: int
    database_url: str = field(repr=False)
    database_read_url: str = field(repr=False)
    instance_path: Path
    backup_path: Path
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    site_timezone: ZoneInfo
    site_name: str
    site_language: str
    registration: str
    registration_role: str
    trusted_hosts: tuple[str, ...]
    totp_required_roles: tuple[str, ...]
    https: bool
    proxy_count: int
    url_prefix: str
    workers: int
    threads: int
    body_seconds: int
    undo_minutes: int
    webhooks: bool
    log_level: str
    log_format: str
    metrics_port: int
    metrics_token: str = field(repr=False)

    # These are not read from the environment; only tests set cheaper hashes (dataclasses.replace).
    password_time_cost: int = 2
    password_memory_kib: int = 19 * 1024
    root_path: Path = ROOT

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read every setting; create the secret key at the first start.

        Raises:
            ConfigError: a setting is invalid.
        """
        env = _Environment(os.environ if environ is None else environ)
        instance_path = env.read("INSTANCE_PATH", _path, ROOT / "instance")
        default_database = f"sqlite:///{quote(str(instance_path / 'inventory.db'))}"
        database_url = env.read("DATABASE_URL", _database_url, default_database)
        sqlite = database_url.startswith("sqlite:")
        return cls(
            host=env.read("HOST", _host, "127.0.0.1"),
            port=env.read("PORT", _number(1, 65535), 8000),
            database_url=database_url,
            database_read_url=env.read("DATABASE_READ_URL", _read_url(sqlite), ""),
            instance_path=instance_path,
            backup_path=env.read("BACKUP_PATH", _path, instance_path / "backups"),
            secret_key_fallbacks=env.read("SECRET_KEY_FALLBACKS", _secrets, ()),
            site_timezone=env.read("SITE_TIMEZONE", _timezone, ZoneInfo("UTC")),
            site_name=env.read("SITE_NAME", _line(60), "Inventory"),
            site_language=env.read("SITE_LANGUAGE", _one_of(tuple(LANGUAGES)), "en"),
            registration=env.read("REGISTRATION", _one_of(REGISTRATIONS), "approval"),
            registration_role=env.read(
                "REGISTRATION_ROLE", _one_of(REGISTRATION_ROLES), "operator"
            ),
            trusted_hosts=env.read("TRUSTED_HOSTS", _hosts, ()),
            totp_required_roles=env.read("TOTP_REQUIRED_ROLES", _some_of(ROLES), ()),
            https=env.read("HTTPS", _flag, False),
            proxy_count=env.read("PROXY_COUNT", _number(0, 5), 0),
            url_prefix=env.read("URL_PREFIX", _prefix, ""),
            workers=env.read(
                "WORKERS", _one_process if sqlite else _number(1, 64), 1 if sqlite else 2
            ),
            threads=env.read("THREADS", _number(1, 64), 4),
            body_seconds=env.read("BODY_SECONDS", _number(1, 300), 10),
            undo_minutes=env.read("UNDO_MINUTES", _number(0, 10_080), 15),
            webhooks=env.read("WEBHOOKS", _flag, True),
            log_level=env.read("LOG_LEVEL", _one_of(LOG_LEVELS), "INFO"),
            log_format=env.read("LOG_FORMAT", _one_of(LOG_FORMATS), "text"),
            metrics_port=env.read("METRICS_PORT", _number(1, 65535), 0),
            metrics_token=env.read("METRICS_TOKEN", _secret, ""),
            # This comes last, so that no key is written if another setting is invalid.
            secret_key=env.read("SECRET_KEY", _secret, "")
            or _load_or_create_secret_key(instance_path),
        )

    def on(self, database_url: str) -> Config:
        """Return the same settings with another database.

        Raises:
            ConfigError: not the URL of a database.
        """
        try:
            return replace(self, database_url=_database_url(database_url))
        except ValueError as error:
            raise ConfigError(f"The target {error}") from None

    @property
    def url(self) -> URL:
        """Return the database's URL."""
        return make_url(self.database_url)

    @property
    def is_sqlite(self) -> bool:
        """Return whether the database is SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def database_name(self) -> str:
        """Return a description of the database without its password."""
        if self.is_sqlite:
            return f"SQLite, file {self.url.database}"
        named = self.url.host or self.url.query.get("host") or "the local socket"
        host = named if isinstance(named, str) else " or ".join(named)
        port = f":{self.url.port}" if self.url.port else ""
        return f"PostgreSQL, database {self.url.database} on {host}{port}"

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """Return the host names that requests can have; empty means any."""
        in_front = self.proxy_count > 0 or self.https
        if self.trusted_hosts or in_front or not self.is_loopback:
            return self.trusted_hosts
        return ("localhost", "127.0.0.1", "[::1]", f"[{self.host}]", self.host)

    @property
    def address(self) -> str:
        """Return the URL of the server for a browser on this machine."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (it is read, not bound)
        host = everywhere.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}{self.url_prefix}/"

    def to_flask(self) -> dict[str, Any]:
        """Return the settings for Flask and its extensions.

        The engine's options are added by db/session.py.
        """
        return {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "PREFERRED_URL_SCHEME": "https" if self.https else "http",
            "PROXY_COUNT": self.proxy_count,
            "HTTPS": self.https,
            "THREADS": self.threads,
            "UNDO_MINUTES": self.undo_minutes,
            "INSTANCE_PATH": str(self.instance_path),
            "BACKUP_PATH": str(self.backup_path),
            "SITE_NAME": self.site_name,
            "LANGUAGE": self.site_language,
            "REGISTRATION": self.registration,
            "REGISTRATION_ROLE": self.registration_role,
            "TOTP_REQUIRED_ROLES": self.totp_required_roles,
            "PASSWORD_TIME_COST": self.password_time_cost,
            "PASSWORD_MEMORY_KIB": self.password_memory_kib,
            "MAX_CONTENT_LENGTH": 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
            "MAX_FORM_PARTS": 1000,
            "SESSION_COOKIE_NAME": "__Host-session" if self.https else "session",
            "SESSION_COOKIE_SECURE": self.https,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "PERMANENT_SESSION_LIFETIME": timedelta(days=7),
            "WTF_CSRF_TIME_LIMIT": None,  # A tablet's page is open for more than an hour.
        }


class _Environment:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self._variables.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise ConfigError(f"{name} {error}") from None


# Each parser returns the value, or raises ValueError with the end of the error's sentence.


def _number(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,6}", text) and minimum <= int(text) <= maximum:
            return int(text)
        raise ValueError(f"must be a whole number from {minimum} to {maximum}, not {text!r}.")

    return parse


def _one_process(text: str) -> int:
    if text == "1":
        return 1
    raise ValueError(
        f"must be 1 on SQLite, which has one writer at a time, not {text!r}: raise THREADS, or "
        "use PostgreSQL."
    )


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text in allowed:
            return text
        raise ValueError(f"must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {text!r}.")

    return parse


def _some_of(allowed: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = _names(text)
        if set(names) <= set(allowed):
            return names
        raise ValueError(f"must be some of {', '.join(allowed)} with commas, not {text!r}.")

    return parse


def _flag(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"must be 1 (yes) or 0 (no), not {text!r}.")


def _line(max_length: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) <= max_length and text.isprintable():
            return text
        raise ValueError(f"must be one line of at most {max_length} characters.")

    return parse


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("must be the path of a directory.")
    return Path(text).expanduser().absolute()


def _host(text: str) -> str:
    if text == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(
            f"must be an IP address to listen on (127.0.0.1 for this machine only, 0.0.0.0 for "
            f"the network), not {text!r}."
        ) from None


def _hosts(text: str) -> tuple[str, ...]:
    hosts = _names(text)
    for host in hosts:
        if not re.fullmatch(r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?", host):
            raise ValueError(
                "must be host names with commas between them, such as "
                f"stock.example.com,.example.org; {host!r} is none."
            )
    return hosts


def _prefix(text: str) -> str:
    """Return the URL path of the site without a trailing slash."""
    bare = text.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)*", bare):
        raise ValueError(f"must be a path such as /stock, not {text!r}.")
    return bare


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"must be a time zone's name such as UTC or Europe/Berlin, not {text!r}."
        ) from None


def _database_url(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    try:
        if colon and scheme == "sqlite" and "?" not in rest:
            return _sqlite_url(make_url(text))
        if colon and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
            url = make_url(f"postgresql+psycopg://{_hosts_apart(rest)}")
            if "," in rest.partition("/")[0] and "target_session_attrs" not in url.query:
                url = url.update_query_pairs([_WRITABLE], append=True)
            if url.database:
                return url.render_as_string(hide_password=False)
    except (ArgumentError, ValueError):
        pass  # The exception's message can contain the password.
    raise ValueError(
        "must be postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:////PATH/TO/FILE (special "
        "characters in a password as %XX)."
    )


#: Of several hosts, libpq connects to the one that accepts writes, also after a failover.
_WRITABLE = ("target_session_attrs", "read-write")


def _hosts_apart(rest: str) -> str:
    """Convert USER:PASSWORD@HOST1:PORT,HOST2:PORT/NAME to SQLAlchemy's form."""
    place, _, path = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    if "," not in hosts:
        return rest
    database, _, query = path.partition("?")
    pairs = "&".join([f"host={host}" for host in hosts.split(",")] + ([query] if query else []))
    return f"{user}{at}/{database}?{pairs}"


def _read_url(sqlite: bool) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if sqlite or not text.startswith("postgres"):
            raise ValueError(
                "must be the address of a PostgreSQL standby of DATABASE_URL's server."
            )
        return _database_url(
            text
            if "," not in text or "target_session_attrs" in text
            else (f"{text}{'&' if '?' in text else '?'}target_session_attrs=prefer-standby")
        )

    return parse


def _sqlite_url(url: URL) -> str:
    if url.host or not url.database or url.database.startswith((":memory:", "file:")):
        raise ValueError
    return URL.create("sqlite", database=str(Path(url.database).absolute())).render_as_string()


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _secrets(text: str) -> tuple[str, ...]:
    return tuple(map(_secret, _names(text)))


def _secret(text: str) -> str:
    if len(text) >= SHORTEST_SECRET:
        return text
    raise ValueError(f"must be a random text of at least {SHORTEST_SECRET} characters.")


def _load_or_create_secret_key(instance_path: Path) -> str:
    """Return the site's secret key, created at the first start.

    If two processes start at once, one creates the key and the other reads it.
    """
    path = instance_path / "secret_key"
    try:
        instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read_secret_key(path)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(key := secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        return key
    except OSError as error:
        raise ConfigError(
            f"INSTANCE_PATH must be a directory that this user can write to: {error.strerror} "
            f"({error.filename or path})."
        ) from None


def _read_secret_key(path: Path) -> str:
    for _ in range(100):
        key = path.read_text("ascii", errors="replace").strip()
        if len(key) >= SHORTEST_SECRET:
            return key
        time.sleep(0.01)  # Another process can be writing the key.
    raise ConfigError(
        f"INSTANCE_PATH holds an unusable secret key: remove {path} and a new one is made "
        "(all users must then sign in again)."
    )
