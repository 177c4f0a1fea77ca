"""What statements cost a server, by their shape: PostgreSQL's pg_stat_statements.

A shape is a statement's text with `$1`, `$2` ... for its values. See
db/statement_statistics.sql for how a server is made to count them.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as DriverCursor  # noqa: N812 - a class

from db.cluster.node_connections import NodeSilent, asking, node_names
from db.endpoints import Endpoints

StatementOrder = Literal["total", "mean", "worst", "calls", "rows"]
MOST: Final = 100
_LONGEST_TEXT: Final = 4000
_ORDERS: Final[dict[StatementOrder, sql.SQL]] = {
    "total": sql.SQL("4"),
    "mean": sql.SQL("5"),
    "worst": sql.SQL("6"),
    "calls": sql.SQL("3"),
    "rows": sql.SQL("7"),
}
_WHERE: Final = """
    SELECT quote_ident(nspname), has_function_privilege(
        (SELECT oid FROM pg_proc
         WHERE proname = 'pg_stat_statements_reset' AND pronamespace = extnamespace),
        'EXECUTE')
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_stat_statements'
"""
# Each role that statements run as is counted separately; the statement is the same.
_SHAPES: Final = sql.SQL("""
    SELECT queryid, min(query), sum(calls)::bigint, sum(total_exec_time)::float8,
        sum(total_exec_time)::float8 / greatest(sum(calls), 1)::float8,
        max(max_exec_time)::float8, sum(rows)::bigint
    FROM {place}.pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY queryid
    ORDER BY {order} DESC, queryid
    LIMIT %s
""")
_TOTALS: Final = sql.SQL("""
    SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(total_exec_time), 0)::float8,
        (SELECT stats_reset FROM {place}.pg_stat_statements_info)
    FROM {place}.pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_RESET: Final = sql.SQL("""
    SELECT {place}.pg_stat_statements_reset(
        0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)
""")
# Comments, strings in each form of quoting, and numbers that stand alone.
_VALUES: Final = re.compile(
    r"/\*.*?\*/|--[^\n]*"
    r"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)"
    r"|\b[EeBbXxNn]'(?:[^'\\]|''|\\.)*'?|'(?:[^']|'')*'?"
    r"|(?<![\w$.\"])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class StatementShape:
    """One shape of statements: how often it ran, for how many milliseconds.

    `rows` are the rows returned or changed by all calls together.
    """

    id: int
    text: str
    calls: int
    total_ms: float
    mean_ms: float
    worst_ms: float
    rows: int


@dataclass(frozen=True, slots=True)
class StatementTotals:
    """What all statements of our database took together, and since when."""

    calls: int
    total_ms: float
    since: datetime | None


@dataclass(frozen=True, slots=True)
class StatementReport:
    """What a server has counted: the first shapes in an order, and the totals."""

    shapes: tuple[StatementShape, ...]
    totals: StatementTotals
    may_reset: bool


class NotCounted(Exception):
    """A server gives no counts: the reason, in one phrase."""

    def __init__(self, reason: Literal["silent", "not loaded", "not installed"]):
        super().__init__(reason)
        self.reason = reason


class StatementReader:
    """Asks one server at a time, each time over a new connection: that is rare.

    `endpoints` returns where the servers are now.
    """

    def __init__(self, endpoints: Callable[[], Endpoints]) -> None:
        self._endpoints = endpoints

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the servers."""
        return node_names(self._endpoints())

    def read(self, node: str, order: StatementOrder = "total") -> StatementReport:
        """Return what cost most on a server; raises NotCounted, KeyError."""
        with self._asking(node) as cursor:
            place, may_reset = _place(cursor)
            cursor.execute(_SHAPES.format(place=place, order=_ORDERS[order]), [MOST])
            shapes = tuple(
                StatementShape(id_, without_values(text), *figures)
                for id_, text, *figures in cursor.fetchall()
            )
            return StatementReport(shapes, _totals(cursor, place), may_reset)

    def totals(self, node: str) -> StatementTotals:
        """Return what all statements took on a server; raises NotCounted, KeyError."""
        with self._asking(node) as cursor:
            place, _ = _place(cursor)
            return _totals(cursor, place)

    def reset(self, node: str) -> None:
        """Reset a server's counts; raises NotCounted, KeyError."""
        with self._asking(node) as cursor:
            place, _ = _place(cursor)
            cursor.execute(_RESET.format(place=place))

    @contextmanager
    def _asking(self, node: str) -> Iterator[DriverCursor]:
        try:
            with asking(self._endpoints(), node, "statements") as cursor:
                yield cursor
        except errors.ObjectNotInPrerequisiteState:
            raise NotCounted("not loaded") from None
        except NodeSilent:
            raise NotCounted("silent") from None


def without_values(text: str) -> str:
    """Return a statement on one line, without any value that was left in it.

    PostgreSQL keeps a statement as it came if it had to drop its shape while the
    statement ran. So everything that could be a value is removed once more.
    """
    bare = _VALUES.sub(lambda match: " " if _is_comment(match[0]) else "?", text)
    return " ".join(bare.split())[:_LONGEST_TEXT]


def _is_comment(text: str) -> bool:
    return text.startswith(("--", "/*"))


def _place(cursor: DriverCursor) -> tuple[sql.SQL, bool]:
    """Return the schema of the extension, and whether its counts may be reset."""
    cursor.execute(_WHERE)
    row = cursor.fetchone()
    if row is None:
        raise NotCounted("not installed")
    return sql.SQL(row[0]), bool(row[1])


def _totals(cursor: DriverCursor, place: sql.SQL) -> StatementTotals:
    cursor.execute(_TOTALS.format(place=place))
    row = cursor.fetchone()
    return StatementTotals(*row) if row else StatementTotals(0, 0.0, None)
