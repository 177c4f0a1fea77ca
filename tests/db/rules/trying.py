"""Raw SQL as a role: what succeeds, on which rows and columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege, IntegrityError
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class

from tests.db.rules.rights import Right
from tests.db.rules.rows import Catalogue, identity_of

TAKE_ON = (
    "SELECT set_config('role', %s, true), set_config('chartroom.user_id', %s, true), "
    "set_config('chartroom.patient_id', %s, true)"
)
Tags = dict[tuple[Any, ...], str]


@dataclass(frozen=True)
class Ground:
    """The database for the attempts, and the tags of its rows."""

    app: DriverConnection
    owning: DriverConnection
    tags: dict[str, Tags]

    @property
    def catalogue(self) -> Catalogue:
        """What the database reports about itself."""
        return Catalogue(self.owning)


class Intruder:
    """Somebody who has got hold of the app's login; everything tried is rolled back."""

    def __init__(self, connection: DriverConnection, role: str) -> None:
        self._connection = connection
        self._role = role

    def tries(self, statement: sql.Composed) -> int | None:
        """Return how many rows the statement affects; None if the rules refuse it."""
        try:
            with self._connection.cursor() as cursor:
                self._take_on(cursor)
                cursor.execute(statement)
                return int(cursor.rowcount)
        except InsufficientPrivilege:
            return None
        except IntegrityError:
            return 1  # it would have, but for what the rows themselves have to say
        finally:
            self._connection.rollback()

    def sees(self, statement: sql.Composed) -> set[tuple[Any, ...]]:
        """Return the rows that the statement shows; none if the rules refuse it."""
        try:
            with self._connection.cursor() as cursor:
                self._take_on(cursor)
                cursor.execute(statement)
                return set(cursor.fetchall())
        except InsufficientPrivilege:
            return set()
        finally:
            self._connection.rollback()

    def _take_on(self, cursor: Any) -> None:
        if self._role != "nobody":
            who = identity_of(self._role)
            name = f"chartroom_{self._role}"
            user, patient = str(who.user_id or ""), str(who.patient_id or "")
            cursor.execute(TAKE_ON, [name, user, patient])


class Attempt:
    """Every way to access a table, and its outcome."""

    def __init__(
        self, ground: Ground, role: str, table: str, *, through: str = ""
    ) -> None:
        catalogue = ground.catalogue
        self._intruder = Intruder(ground.app, role)
        self._owning = ground.owning
        self._table = sql.Identifier(*(through or table).split("."))
        # A view may hide from its owner what it shows to others.
        self._whole = sql.Identifier(table)
        self._tags = ground.tags.get(table, {})
        self._key = catalogue.key(table)
        self._columns = {
            "SELECT": catalogue.columns(table),
            "INSERT": catalogue.settable(table),
            "UPDATE": catalogue.settable(table),
        }

    def rights(self) -> dict[str, Right]:
        """Return what the rules allow."""
        passed = {
            verb: tuple(c for c in columns if self._may_name(verb, c))
            for verb, columns in self._columns.items()
        }
        rights = {
            verb: Right(
                frozenset(self._rows(verb, columns)), self._named(verb, columns)
            )
            for verb, columns in passed.items()
            if columns
        }
        delete = sql.SQL("DELETE FROM {} WHERE false").format(self._table)
        if self._intruder.tries(delete) is not None:
            rights["DELETE"] = Right(frozenset(self._rows("DELETE", self._key)))
        return rights

    def _named(self, verb: str, columns: tuple[str, ...]) -> frozenset[str] | None:
        return None if columns == self._columns[verb] else frozenset(columns)

    def _may_name(self, verb: str, column: str) -> bool:
        statement = {
            "SELECT": "SELECT {column} FROM {table} WHERE false",
            "INSERT": "INSERT INTO {table} ({column}) SELECT NULL WHERE false",
            "UPDATE": "UPDATE {table} SET {column} = DEFAULT WHERE false",
        }[verb]
        composed = sql.SQL(statement).format(
            column=sql.Identifier(column), table=self._table
        )
        return self._intruder.tries(composed) is not None

    def _rows(self, verb: str, columns: tuple[str, ...]) -> Iterator[str]:
        if verb == "SELECT":
            select = sql.SQL("SELECT {} FROM {}").format(listed(self._key), self._table)
            yield from (self._tags.get(k, "") for k in self._intruder.sees(select))
            return
        for key, tag in self._tags.items():
            if self._intruder.tries(self._touch(verb, key, columns)):
                yield tag

    def _touch(
        self, verb: str, key: tuple[Any, ...], columns: tuple[str, ...]
    ) -> sql.Composed:
        here = sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value))
            for column, value in zip(self._key, key, strict=True)
        )
        if verb == "DELETE":
            return sql.SQL("DELETE FROM {} WHERE {}").format(self._table, here)
        if verb == "UPDATE":
            column = sql.Identifier(columns[0])
            return sql.SQL("UPDATE {} SET {} = {} WHERE {}").format(
                self._table, column, column, here
            )
        return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            self._table, listed(columns), self._copy(here, columns)
        )

    def _copy(self, here: sql.Composed, columns: tuple[str, ...]) -> sql.Composed:
        """Return the row's own values as literals of their types."""
        quoted = sql.SQL(", ").join(
            sql.SQL("quote_nullable({})").format(sql.Identifier(c)) for c in columns
        )
        select = sql.SQL("SELECT {} FROM {} WHERE {}")
        with self._owning.cursor() as cursor:
            cursor.execute(select.format(quoted, self._whole, here))
            (row,) = cursor.fetchall()
        self._owning.rollback()
        return sql.Composed([sql.SQL(", ").join(map(sql.SQL, row))])


def listed(columns: tuple[str, ...]) -> sql.Composed:
    """Return names of columns, separated by commas."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))
