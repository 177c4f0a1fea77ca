"""What has changed since an earlier time, and would be undone by going back there.

Rows of that time and of now are compared by their ids, so nothing is missed for which
there is no timestamp. Only ids, times and what became of a row are returned: whoever
goes back need not see its content.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.lists.csv_cells import escape_formula


class ChangedKind(StrEnum):
    """The kinds of rows that are compared; each has a list of its own."""

    PATIENTS = "patients"
    DOCUMENTS = "documents"
    VISITS = "visits"
    NEWCOMERS = "visits-of-newcomers"
    NOTES = "notes"
    PRESCRIPTIONS = "prescriptions"
    PEOPLE = "people"
    SIGN_INS = "sign-ins"


@dataclass(frozen=True, slots=True)
class ChangeSince:
    """A row that differs from what it was: what happened to it, and whose it is.

    `now` is what became of it. If a row is gone, it is not known when it went.
    """

    what: str
    id: str
    patient_id: str
    person_id: str
    at: datetime | None
    now: str


@dataclass(frozen=True, slots=True)
class ChangeList:
    """The rows of one kind that differ from what they were, ordered by time."""

    kind: ChangedKind
    changes: tuple[ChangeSince, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of changes by what happened, the most frequent first."""
        return dict(Counter(change.what for change in self.changes).most_common())


class RowReader(Protocol):
    """Has rows read by an operation, on a server of the past or of now."""

    def __call__(self, operation: Callable[[Session], list[Any]], /) -> list[Any]:
        """Return what the operation reads."""
        ...


class _Row(NamedTuple):
    id: str
    patient_id: str
    person_id: str
    at: datetime | None
    state: str
    digest: int | None


@dataclass(frozen=True, slots=True)
class _Table:
    """How rows of a kind are read; `at`, `state` and the others are SQL expressions.

    `needed` are columns in these that earlier versions lack; changes of `ignored`
    columns do not count. If `is_tidied`, rows are also deleted automatically.
    """

    name: str
    added: str
    at: str = "updated_at"
    patient: str = "patient_id::text"
    person: str = "''"
    state: str = "''"
    where: str = "true"
    needed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    is_tidied: bool = False


_ENDED: Final = "CASE status WHEN '{usual}' THEN '' ELSE status END"
_TABLES: Final = {
    ChangedKind.PATIENTS: _Table(
        "patients",
        "registered",
        patient="id::text",
        state=(
            "CASE WHEN erased_at IS NOT NULL THEN 'erased' "
            "WHEN merged_into_id IS NOT NULL THEN 'merged' "
            "WHEN deleted_at IS NOT NULL THEN 'archived' ELSE '' END"
        ),
        needed=("erased_at",),
    ),
    ChangedKind.DOCUMENTS: _Table(
        "documents",
        "filed",
        state=(
            "CASE WHEN purged_at IS NOT NULL THEN 'purged' "
            "WHEN deleted_at IS NOT NULL THEN 'deleted' "
            "WHEN held_at IS NOT NULL THEN 'held' ELSE '' END"
        ),
    ),
    ChangedKind.VISITS: _Table(
        "appointments",
        "booked",
        state=_ENDED.format(usual="scheduled"),
        ignored=("reminded_at", "updated_at"),
    ),
    ChangedKind.NEWCOMERS: _Table(
        "newcomers",
        "booked",
        at="greatest(confirmed_at, ended_at)",
        patient="''",
        state=_ENDED.format(usual="confirmed"),
        where="confirmed_at IS NOT NULL",
    ),
    ChangedKind.NOTES: _Table("medical_records", "written"),
    ChangedKind.PRESCRIPTIONS: _Table(
        "prescriptions", "issued", state=_ENDED.format(usual="issued")
    ),
    ChangedKind.PEOPLE: _Table(
        "users",
        "added",
        at="greatest(created_at, deactivated_at)",
        person="id::text",
        state="CASE WHEN deactivated_at IS NOT NULL THEN 'deactivated' ELSE '' END",
    ),
    ChangedKind.SIGN_INS: _Table(
        "sessions",
        "signed in",
        at="coalesce(ended_at, created_at)",
        patient="''",
        person="user_id::text",
        state="CASE WHEN ended_at IS NOT NULL THEN 'ended' ELSE '' END",
        ignored=("last_seen_at", "expires_at", "confirmed_at"),
        is_tidied=True,
    ),
}
_CHANGED: Final = "changed"
_GONE: Final = "gone"
_AT_ONCE: Final = 5_000
_BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"
_HEADINGS: Final = ("what", "id", "patient_id", "person_id", "at", "now")
# The settings for writing rows as text, so that two servers write the same.
_AS_TEXT: Final = text(
    "SELECT set_config('timezone', 'UTC', true), "
    "set_config('datestyle', 'ISO, YMD', true), "
    "set_config('intervalstyle', 'postgres', true), "
    "set_config('bytea_output', 'hex', true), "
    # While replay is paused in a sandbox, a lock that it holds is not released.
    "set_config('lock_timeout', '5s', true), "
    "set_config('extra_float_digits', '1', true)"
)
# Columns that PostgreSQL computes from others add nothing to these.
_COLUMNS: Final = text(
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) "
    "AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)


def list_changes(
    actor: Actor, restored: RowReader, live: RowReader
) -> tuple[ChangeList, ...]:
    """Return the rows that differ from what they were; raises NotAllowed.

    They are read in small pieces, on the live servers each in a transaction of its own,
    so that nobody who works there has to wait. Changes made meanwhile may or may not be
    included.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    return tuple(
        ChangeList(kind, tuple(_changes(table, restored, live)))
        for kind, table in _TABLES.items()
    )


def as_csv(changes: ChangeList) -> str:
    """Return a list as CSV with a header."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_HEADINGS)
    writer.writerows([_cell(cell) for cell in astuple(row)] for row in changes.changes)
    return buffer.getvalue()


def _cell(value: datetime | str | None) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return escape_formula(value or "")


def _changes(table: _Table, restored: RowReader, live: RowReader) -> list[ChangeSince]:
    then, now = _columns(table, restored), _columns(table, live)
    shared = sorted((then & now) - set(table.ignored))
    pairs = _paired(
        _read(table, restored, then, shared), _read(table, live, now, shared)
    )
    changes = [change for pair in pairs if (change := _change(table, *pair))]
    return sorted(changes, key=lambda change: (change.at is None, change.at, change.id))


def _change(
    table: _Table, before: _Row | None, after: _Row | None
) -> ChangeSince | None:
    if after is None:
        if before is None or table.is_tidied:
            return None
        return ChangeSince(
            _GONE, before.id, before.patient_id, before.person_id, None, _GONE
        )
    if before is None:
        what = table.added
    elif before.state != after.state:
        what = after.state or _CHANGED
    elif before.digest != after.digest:
        what = _CHANGED
    else:
        return None
    return ChangeSince(
        what, after.id, after.patient_id, after.person_id, after.at, after.state
    )


def _paired(
    restored: Iterator[_Row], live: Iterator[_Row]
) -> Iterable[tuple[_Row | None, _Row | None]]:
    """Pair the rows that have the same id; both inputs are ordered by id."""
    before, after = next(restored, None), next(live, None)
    while before or after:
        if after is None or (before and before.id < after.id):
            yield before, None
            before = next(restored, None)
        elif before is None or after.id < before.id:
            yield None, after
            after = next(live, None)
        else:
            yield before, after
            before, after = next(restored, None), next(live, None)


def _columns(table: _Table, reader: RowReader) -> set[str]:
    named = {"table": f"public.{table.name}"}
    return set(reader(lambda session: list(session.scalars(_COLUMNS, named))))


def _read(
    table: _Table, reader: RowReader, columns: set[str], shared: list[str]
) -> Iterator[_Row]:
    """Yield a table's rows in the order of their ids; none if it does not exist."""
    if not columns:
        return
    statement, after = text(_statement(table, columns, shared)), _BEFORE_ALL

    def read(session: Session) -> list[_Row]:
        session.execute(_AS_TEXT)
        return [_Row(*row) for row in session.execute(statement, {"after": after})]

    while rows := reader(read):
        yield from rows
        after = rows[-1].id


def _statement(table: _Table, columns: set[str], shared: list[str]) -> str:
    missing = "".join(
        f", NULL AS {name}" for name in table.needed if name not in columns
    )
    # Only our own names of tables and columns.
    digest = ", ".join(f'"{name}"' for name in shared)
    return (
        f"SELECT id::text, coalesce({table.patient}, ''), "  # noqa: S608
        f"coalesce({table.person}, ''), {table.at}, {table.state}, "
        f"hashtextextended(ROW({digest})::text, 0) "
        f"FROM (SELECT *{missing} FROM public.{table.name}) rows "
        f"WHERE id > CAST(:after AS uuid) AND {table.where} "
        f"ORDER BY id LIMIT {_AT_ONCE}"
    )
