"""What was disclosed after the time of restored rows, which no analyst forgets."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.base import Base
from db.models.care import DisclosedAnswer, DisclosedGroup

_TABLES: Final = (DisclosedGroup.__tablename__, DisclosedAnswer.__tablename__)
# Groups may be large.
_READ_AT_ONCE: Final = 16


def keep_disclosures(live: Session, restored: Session, since: datetime) -> None:
    """Copy what was disclosed since a time from the live rows to those of that time.

    Without it, a count could be told that differs by few patients from one that
    analysts have seen. For the background, before the restored rows are in use; the
    caller commits.
    """
    for name in _TABLES:
        table = Base.metadata.tables[name]
        late = select(table).where(table.c.told_at >= since)
        rows = live.execute(late, execution_options={"yield_per": _READ_AT_ONCE})
        with closing(rows):
            for some in rows.mappings().partitions():
                _store(restored, name, list(map(dict, some)))


def _store(restored: Session, name: str, rows: list[Mapping[str, Any]]) -> None:
    table = Base.metadata.tables[name]
    new = insert(table).values(rows)
    # What both have was disclosed again since, perhaps under further conditions.
    newer = {
        column.name: new.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    restored.execute(
        new.on_conflict_do_update(index_elements=list(table.primary_key), set_=newer)
    )
