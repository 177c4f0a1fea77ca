"""Databases that tests have committed into, emptied for those that come after."""

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

# Whoever is connected would go on in what the next test takes for a new database.
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# What DDL and ANALYZE leave behind: rows of another transaction, more, or fewer.
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
# Whoever wrote has ended, and PostgreSQL has counted what they wrote.
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
# Plans of a table that once was large are not those of one that is new.
_LARGE_BYTES = 256 * 1024

_Cursor = psycopg2.extensions.cursor
# Its schema's, and its own.
_Name = tuple[str, str]


class Maker(Protocol):
    """Whoever makes databases and throws them away."""

    def fresh(self, template: str) -> Any:
        """Make a database on every node, and drop it when the block ends."""

    def administrator_url(self, endpoints: Endpoints) -> str:
        """Return the libpq URL of the superuser in a database."""

    def drop_files(self, name: str) -> None:
        """Throw a database of MongoDB away."""


@dataclass(frozen=True)
class _Beginning:
    """What a copy of the template has: its schema, rows, counters and settings."""

    schema: list[tuple[Any, ...]]
    settings: list[tuple[Any, ...]]
    rows: dict[_Name, str]
    sequences: dict[_Name, tuple[int, bool]]


class EmptiedDatabases:
    """Copies of a template, used again by one test after the other.

    To make and drop one is most of what a test costs that has little to do in it: 635
    files on each of three servers. One is used again only where nothing but rows has
    changed in it and those were few; another is dropped.
    """

    def __init__(self, maker: Maker, template: str) -> None:
        self._maker = maker
        self._template = template
        self._idle: list[tuple[ExitStack, Endpoints]] = []
        self._beginning: _Beginning | None = None
        # How often a schema had changed when it last was as in the beginning.
        self._changes = defaultdict[str, int](int)

    @contextmanager
    def lend(self) -> Iterator[Endpoints]:
        """Lend a database as the template is.

        Nobody else writes in it meanwhile; who had it before and is still connected to
        a replica goes on reading there.
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
        """Drop them all."""
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
        """Tell whether it is as it was in the beginning now."""
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
        """Tell whether its schema is as it was, which is looked at if it changed."""
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
    """Put back what was there in the beginning; tell whether that could be done."""
    written = _tables(cursor, _WRITTEN_TABLES)
    if any(size > _LARGE_BYTES for _, size in written):
        return False
    # Rows that may only be added go as well, and none is missed by others.
    cursor.execute("SET session_replication_role = replica")
    for table, size in written:
        rows = beginning.rows.get(table, "")
        # What had rows may have none now, and no size.
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
