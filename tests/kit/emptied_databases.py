"""Databases that tests have committed to, emptied for the tests that follow."""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2
from psycopg2 import sql

from db.endpoints import Endpoints
from tests.kit.replicas import await_replicas

# An open connection would go on working in what the next test takes for a new database.
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# DDL and ANALYZE change these: rows of another transaction, more rows, or fewer.
_CATALOGS = (
    "pg_class",
    "pg_attribute",
    "pg_attrdef",
    "pg_constraint",
    "pg_default_acl",
    "pg_extension",
    "pg_index",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_statistic",
    "pg_trigger",
    "pg_type",
)
_SCHEMA = " UNION ALL ".join(
    f"SELECT count(*), sum(xmin::text::bigint) FROM {name}" for name in _CATALOGS
)
_CHANGES_OF = """
pg_stat_get_tuples_inserted({0}) + pg_stat_get_tuples_updated({0})
+ pg_stat_get_tuples_deleted({0})
"""
# Other backends have ended by now, so PostgreSQL has counted what they wrote.
_CHANGES_OF_SCHEMA = f"""
SELECT sum({_CHANGES_OF.format("catalog")})
FROM unnest('{{{",".join(_CATALOGS)}}}'::regclass[]) AS catalog
"""
_SETTINGS = """
SELECT setrole, setconfig::text
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
WHERE d.datname = current_database() ORDER BY 1
"""
_TABLES = """
SELECT n.nspname, c.relname, pg_relation_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_WRITTEN_TABLES = f"{_TABLES} AND {_CHANGES_OF.format('c.oid')} > 0"
_SEQUENCES = """
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S'
"""
# Plans for a table that was once large differ from those for a new one.
_LARGE_BYTES = 256 * 1024

_Cursor = psycopg2.extensions.cursor
# The name of the schema, then its own.
_Name = tuple[str, str]


class Maker(Protocol):
    """Makes databases and drops them."""

    def fresh(self, template: str) -> Any:
        """Make a database on every node, and drop it when the block ends."""

    def administrator_url(self, endpoints: Endpoints) -> str:
        """Return the libpq URL of the superuser for a database."""

    def drop_files(self, name: str) -> None:
        """Drop a database of MongoDB."""


@dataclass(frozen=True)
class _Beginning:
    """What a new copy of the template has: its schema, rows, sequences and settings."""

    schema: list[tuple[Any, ...]]
    settings: list[tuple[Any, ...]]
    rows: dict[_Name, str]
    sequences: dict[_Name, tuple[int, bool]]


class EmptiedDatabases:
    """Copies of a template, used by one test after the other.

    For a test that does little, making and dropping a database is most of its cost: 635
    files on each of three servers. A database is used again only if nothing but rows
    has changed in it, and few of those; otherwise it is dropped.
    """

    def __init__(self, maker: Maker, template: str) -> None:
        self._maker = maker
        self._template = template
        self._idle: list[tuple[ExitStack, Endpoints]] = []
        self._beginning: _Beginning | None = None
        # How many changes of the catalogue had been counted when it was last compared.
        self._changes = defaultdict[str, int](int)

    @contextmanager
    def lend(self) -> Iterator[Endpoints]:
        """Lend a database that equals the template.

        Nobody else writes to it meanwhile; a previous user who is still connected to a
        replica goes on reading there.
        """
        held, endpoints = self._idle.pop() if self._idle else self._make()
        try:
            yield endpoints
        except BaseException:
            held.close()
            raise
        if self._empty(endpoints):
            self._idle.append((held, endpoints))
        else:
            held.close()

    def close(self) -> None:
        """Drop all databases that are not lent."""
        while self._idle:
            self._idle.pop()[0].close()

    def _make(self) -> tuple[ExitStack, Endpoints]:
        held = ExitStack()
        endpoints = held.enter_context(self._maker.fresh(self._template))
        if self._beginning is None:
            with self._connected(endpoints) as cursor:
                self._beginning = _read(cursor)
        return held, endpoints

    def _empty(self, endpoints: Endpoints) -> bool:
        """Empty the database, and return whether it is as it was in the beginning."""
        assert self._beginning is not None
        with self._connected(endpoints) as cursor:
            cursor.execute(_END_OTHERS)
            cursor.execute("SELECT current_database()")
            [(name,)] = cursor.fetchall()
            self._maker.drop_files(f"{name}_audit")
            return self._has_its_schema(cursor, name, self._beginning) and _restore(
                cursor, self._beginning
            )

    def _has_its_schema(
        self, cursor: _Cursor, name: str, beginning: _Beginning
    ) -> bool:
        """Return whether the schema is as it was; only if it changed is it compared."""
        if _settings(cursor) != beginning.settings:
            return False
        cursor.execute(_CHANGES_OF_SCHEMA)
        [(changes,)] = cursor.fetchall()
        if changes != self._changes[name]:
            if _schema(cursor) != beginning.schema:
                return False
            self._changes[name] = changes
        return True

    @contextmanager
    def _connected(self, endpoints: Endpoints) -> Iterator[_Cursor]:
        url = self._maker.administrator_url(endpoints)
        with (
            closing(psycopg2.connect(url)) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor
            connection.commit()
            await_replicas(cursor)


def _read(cursor: _Cursor) -> _Beginning:
    return _Beginning(
        _schema(cursor),
        _settings(cursor),
        {
            table: _copy_out(cursor, table)
            for table, size in _tables(cursor, _TABLES)
            if size
        },
        _counters(cursor, _sequences(cursor)),
    )


def _restore(cursor: _Cursor, beginning: _Beginning) -> bool:
    """Restore the initial rows and sequences; return whether that was possible."""
    written = _tables(cursor, _WRITTEN_TABLES)
    if any(size > _LARGE_BYTES for _, size in written):
        return False
    # Triggers and foreign keys are off, so append-only rows can be deleted too.
    cursor.execute("SET session_replication_role = replica")
    for table, size in written:
        rows = beginning.rows.get(table, "")
        # A table that had rows may be empty now, with a size of zero.
        if not (rows or size):
            continue
        if rows and _copy_out(cursor, table) == rows:
            continue
        named = sql.Identifier(*table)
        cursor.execute(sql.SQL("DELETE FROM {}").format(named))
        if rows:
            put_back = sql.SQL("COPY {} FROM STDIN").format(named)
            cursor.copy_expert(put_back, io.StringIO(rows))
    now = _counters(cursor, beginning.sequences)
    for sequence, counter in beginning.sequences.items():
        if now[sequence] != counter:
            name = sql.Identifier(*sequence).as_string(cursor)
            cursor.execute("SELECT setval(%s, %s, %s)", (name, *counter))
    return True


def _schema(cursor: _Cursor) -> list[tuple[Any, ...]]:
    cursor.execute(_SCHEMA)
    return cursor.fetchall()


def _settings(cursor: _Cursor) -> list[tuple[Any, ...]]:
    cursor.execute(_SETTINGS)
    return cursor.fetchall()


def _tables(cursor: _Cursor, query: str) -> list[tuple[_Name, int]]:
    cursor.execute(query)
    return [((schema, name), size) for schema, name, size in cursor.fetchall()]


def _sequences(cursor: _Cursor) -> list[_Name]:
    cursor.execute(_SEQUENCES)
    return cursor.fetchall()


def _copy_out(cursor: _Cursor, table: _Name) -> str:
    rows = io.StringIO()
    cursor.copy_expert(
        sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*table)), rows
    )
    return rows.getvalue()


def _counters(
    cursor: _Cursor, sequences: Iterable[_Name]
) -> dict[_Name, tuple[int, bool]]:
    statement = "SELECT {}, {}, last_value, is_called FROM {}"
    cursor.execute(
        sql.SQL(" UNION ALL ").join(
            sql.SQL(statement).format(*map(sql.Literal, name), sql.Identifier(*name))
            for name in sequences
        )
    )
    return {(schema, name): (last, called) for schema, name, last, called in cursor}
