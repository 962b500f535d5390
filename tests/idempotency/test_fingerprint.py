"""Digests of requests are stored for ever and must not change with a new version."""

from __future__ import annotations

import dataclasses

from inventory.idempotency.fingerprint import added_field, digest
from inventory.ledger import Issue, Receive, Reverse
from inventory.ledger.command_validation import fingerprint


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    item: str
    note: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class LaterCommand:
    item: str
    note: str | None = None
    place: str | None = added_field()
    role: str | None = added_field(is_content=False)


def test_a_later_field_counts_only_if_it_is_used() -> None:
    assert digest(LaterCommand("A")) == digest(Command("A"))
    assert digest(LaterCommand("A", role="admin")) == digest(Command("A"))
    assert digest(LaterCommand("A", place="R1")) != digest(Command("A"))
    assert digest(Command("A")) != digest(Command("A", "x"))


def test_digests_of_the_first_release_stay_as_they_were() -> None:
    commands = [
        Receive(item="BOLT", lot_code="A", qty="5"),
        Issue(item="BOLT", qty="2", reference="JOB"),
        Reverse(operation_id=7, reason="typed wrongly"),
    ]
    assert fingerprint(commands).hex() == FIRST_RELEASE


FIRST_RELEASE = "2fe8475c285856a867b503ada225ae35f29e8923728ca5516c80bf11f56bec39"
