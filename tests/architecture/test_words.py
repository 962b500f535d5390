"""Names, comments, docstrings and docs use the terms of the glossary."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Pattern of a word, and the term to use.
RULED_OUT = {
    r"promis(e|es|ed|ing)": "reservation, reserve",
    r"journeys?": "round trip",
    r"doors?": "sign-in",
    r"gates?": "lock",
    r"errands?": "command, job",
    r"shel(f|ves)": "location",
    r"(mend|mends|mended|mending)": "fix",
    r"(set|sets|setting) right": "adjust",
    r"(take|takes|taken|taking|took) back": "undo, reverse",
    r"(give|gives|given|giving|gave) back": "unreserve, return",
    r"(put|puts|putting) away": "delete, archive",
    r"whom": "job or order, user",
    r"(some|any|every|no)body": "users, a user, no user",
    r"whoever": "users who, any caller",
    r"articles?": "item",
    r"(booked|booking|books stock)": "post, record",
    r"as good as": "the plain statement",
    r"doings": "actions",
    r"check-?up": "health checks",
    r"telephones?": "authenticator app, device",
    r"heads": "balances, headers",
    r"moments?": "time, timestamp",
}
#: A column of existing databases, and a function of Alembic.
STORED = {"taken_back_at", "get_heads"}
_WORD = re.compile(rf"(?<![a-z])({'|'.join(RULED_OUT)})(?![a-z])", re.IGNORECASE)


def files(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [ROOT / name for name in names]


def visible_text(name: str) -> str:
    """Return an identifier as words: `give_back` and `giveBack` as "give back"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ")


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def prose_of_python(path: Path) -> Iterator[tuple[int, str]]:
    """Yield names, comments and docstrings with their lines; texts for users are not among them."""
    source = path.read_text("utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], re.sub(r"`[^`]*`", "", token.string)
        elif token.type == tokenize.NAME and token.string not in STORED:
            yield token.start[0], visible_text(token.string)
    if not path.is_relative_to(ROOT / "inventory/api/v1"):  # published in the API's document
        for line, text in docstrings(ast.parse(source)):
            yield line, re.sub(r"`[^`]*`", "", text)


def prose_of_scripts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments and names of JavaScript, and the selectors and comments of CSS."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        code = re.sub(r"\"[^\"]*\"|'[^']*'|`[^`]*`", "", line)
        yield number, visible_text(code.replace("Promise", ""))


def prose_of_templates(path: Path) -> Iterator[tuple[int, str]]:
    """Yield Jinja's comments and expressions, ids and classes."""
    text = path.read_text("utf-8")
    for match in re.finditer(r"\{#.*?#\}|\{[{%].*?[%}]\}|(?:id|class)=\"[^\"]*\"", text, re.DOTALL):
        found = re.sub(r"\"[^\"{]*\"(?=[^>]*[%}]\})", "", match[0])
        yield text.count("\n", 0, match.start()) + 1, visible_text(found)


def prose_of_docs(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        yield number, re.sub(r"`[^`]*`|\*[^*]+\*", "", line)  # code, and texts of pages in italics


def breaches(found: Iterator[tuple[int, str]], path: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {match[0]}"
        for line, text in found
        for match in _WORD.finditer(text)
    ]


KINDS = {
    "code": (prose_of_python, ("inventory/*.py", "app.py", "bench/*.py", "migrations/env.py")),
    "tests": (prose_of_python, ("tests/*.py",)),
    "templates": (prose_of_templates, ("templates/*",)),
    "scripts": (prose_of_scripts, ("static/js/*.js", "static/floor/*.js", "static/css/*.css")),
    "docs": (  # translating.md has terms in other languages, such as French "article"
        prose_of_docs,
        ("*.md", ":!:CHANGELOG.md", ":!:docs/translating.md", ":!:static/vendor/*"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_ruled_out_words_are_not_used(kind: str) -> None:
    read, patterns = KINDS[kind]
    paths = [path for path in files(*patterns) if path != Path(__file__)]
    assert paths
    assert [line for path in paths for line in breaches(read(path), path)] == []


@pytest.mark.parametrize("text", ["a promise", "giveBack", "Whom for?", "the doors", "set right"])
def test_a_ruled_out_word_is_found(text: str) -> None:
    assert _WORD.search(visible_text(text))


@pytest.mark.parametrize("text", ["navigate", "headers", "recommend", "compromise", "indoors"])
def test_a_word_that_only_contains_one_is_not_found(text: str) -> None:
    assert not _WORD.search(text)
