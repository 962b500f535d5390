"""The migrations match the models, in both directions, on both databases."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from inventory import create_app
from inventory.config import Config
from inventory.db import Base, db, schema_version, search_index, triggers
from inventory.models import Audit


@pytest.fixture
def empty(config: Config, empty_database_url: str):
    """The application on a database without any table."""
    app = create_app(dataclasses.replace(config, database_url=empty_database_url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names())


def is_no_search_index(name: str | None, kind: str, _: object) -> bool:
    """Skip the trigram indexes, which the models do not define (db/search_index.py)."""
    marks = [f"{table}_search" for table in search_index.SEARCHED]
    return not any(mark in (name or "") for mark in marks)


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": is_no_search_index}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_every_migration_upgrades_and_downgrades(empty: Flask) -> None:
    script = ScriptDirectory(str(empty.config.get("MIGRATIONS", "migrations")))
    revisions = [
        script_revision.revision for script_revision in reversed(list(script.walk_revisions()))
    ]
    for revision in revisions:
        flask_migrate.upgrade(revision=revision)
    assert len(tables()) > 10
    for revision in [*reversed(revisions[:-1]), "base"]:
        flask_migrate.downgrade(revision=revision)
    assert tables() == {"alembic_version"}
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        assert triggers.missing(connection) == []


def test_migrations_run_twice_change_nothing(empty: Flask) -> None:
    flask_migrate.upgrade()
    before = tables()
    flask_migrate.upgrade()
    assert tables() == before


def test_migrations_are_linear_and_in_order() -> None:
    script = ScriptDirectory("migrations")
    assert len(script.get_heads()) == 1
    assert [revision.revision for revision in script.walk_revisions()] == sorted(
        (revision.revision for revision in script.walk_revisions()), reverse=True
    )
    known = schema_version.status_of_version(None, Path("migrations"))
    assert known.newest == script.get_current_head()
    assert known.known == {revision.revision for revision in script.walk_revisions()}


def test_a_start_names_the_safeguards_that_were_gone(
    app: Flask, database_kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    on = " ON operations" if database_kind == "postgresql" else ""
    name = "operations_append_only" if on else "operations_no_update"
    with app.app_context():
        with db.engine.connect().execution_options(write=True) as conn, conn.begin():
            conn.exec_driver_sql(f"DROP TRIGGER {name}{on}")
        schema_version.upgrade()
        assert f"were gone and are restored: {name}" in caplog.text
        [row] = db.session.execute(
            sa.select(Audit).filter_by(action="safeguards restored")
        ).scalars()
        assert name in row.detail
        schema_version.upgrade()
        assert caplog.text.count("were gone") == 1
