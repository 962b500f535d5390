from collections.abc import Iterator

import pytest
from flask import Flask

from inventory.db import db, snapshot
from inventory.verification import verify
from tests.stock import Stock


@pytest.fixture
def stock(app: Flask) -> Iterator[Stock]:
    """A little warehouse; whatever a test did to it, the ledger must verify afterwards."""
    with app.app_context():
        yield Stock()
        db.session.rollback()
        with snapshot() as reader:
            report = verify(reader)
        assert not report.findings, report.findings
