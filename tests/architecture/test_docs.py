"""The docs list every setting, refusal and command, and their links work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from inventory.common.errors import refusal_codes

ROOT = Path(__file__).parents[2]
RUNNING = (ROOT / "docs" / "running.md").read_text()


def test_the_documented_settings_are_exactly_the_existing_ones() -> None:
    source = (ROOT / "inventory" / "config.py").read_text()
    settings = set(re.findall(r'env\.read\(\s*"(\w+)"', source))
    assert settings
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", RUNNING, re.MULTILINE)) == settings


def test_every_refusal_is_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    assert [code for code in refusal_codes() if f"`{code}`" not in text] == []


def commands(group: click.Group, path: str = "flask") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_every_command_is_documented_and_has_an_example(app: Flask) -> None:
    own_commands = [entry for entry in commands(app.cli) if " db " not in entry[0]]
    assert len(own_commands) > 10
    for path, command in own_commands:
        assert f"`{path}" in RUNNING, path
        assert "flask " in (command.help or "") + (command.epilog or ""), path


def test_each_command_group_is_listed_with_its_page(app: Flask) -> None:
    """Commands without a page are in the second table, with the reason."""
    [section] = re.findall(
        r"^## Commands and pages.*?(?=^## |\Z)", RUNNING, re.MULTILINE | re.DOTALL
    )
    groups = {path.split()[1] for path, _ in commands(app.cli)} - {"run", "shell", "routes"}
    assert [name for name in sorted(groups) if f"`flask {name}" not in section] == []


def test_links_between_the_docs_have_existing_targets() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_code_names_of_the_glossary_exist() -> None:
    """A `path` is a file or package below the product; any other name is an identifier."""
    text = (ROOT / "docs" / "glossary.md").read_text()
    cells = [row.split(" | ")[-1] for row in text.splitlines() if row.startswith("| ")]
    names = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert len(names) > 40
    files = list(ROOT.glob("inventory/**/*.py"))
    source = "\n".join(path.read_text() for path in files)
    scripts = {path.name for path in ROOT.glob("static/floor/**/*.js")}
    missing = []
    for name in names:
        if name.endswith(".js"):
            known = name in scripts
        elif ("/" in name and not name.startswith("POST")) or name.endswith(".py"):
            known = (ROOT / "inventory" / name).exists()
        else:
            known = re.search(rf"\b{name.split('/')[-1].split('.')[-1]}\b", source) is not None
        if not known:
            missing.append(name)
    assert missing == []
