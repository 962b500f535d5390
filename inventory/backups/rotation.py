"""Rotation: keep the last backup of each of the newest days and weeks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from inventory.backups.archive import Backup


def backups_to_delete(backups: Sequence[Backup], *, days: int, weeks: int) -> list[Backup]:
    """Return the backups to delete.

    Only complete, scheduled backups count and can be deleted.
    """
    rounds = [backup for backup in backups if not backup.purpose and backup.manifest is not None]
    kept = _last_of_each(rounds, lambda at: at.date(), days)
    kept += _last_of_each(rounds, lambda at: at.isocalendar()[:2], weeks)
    return [one for one in rounds if one not in kept]


def _last_of_each(
    backups: Sequence[Backup], period: Callable[[datetime], Hashable], limit: int
) -> list[Backup]:
    last: dict[Hashable, Backup] = {}
    for backup in sorted(backups, key=lambda one: one.made_at, reverse=True):
        last.setdefault(period(backup.made_at), backup)
    return list(last.values())[:limit]
