"""A database whose primary is gone for one write."""

from datetime import UTC, datetime

import pytest

from db.postgres import Database, NoPrimary


def fail_second_write(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    """Fail the write that records an end: the first one records that it begins."""
    writing, calls = database.write, []

    def write(*args, **more):
        calls.append(args)
        if len(calls) == 2:
            raise NoPrimary(datetime.now(UTC))
        return writing(*args, **more)

    monkeypatch.setattr(database, "write", write)
