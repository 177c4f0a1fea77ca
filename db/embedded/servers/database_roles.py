"""Chartroom's roles and database, the same in every PostgreSQL cluster of ours."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import (
    cursor as Cursor,  # noqa: N812 - a class
    make_dsn,
)

NAME: Final = "chartroom"
# The owner of the schema, for migrations, and the login for everything else.
OWNER: Final = "chartroom"
APP: Final = "chartroom_app"

# Patroni makes the logins of superusers and replication when it founds a cluster.
_OF_SERVERS: Final = ("replicator", "rewind")

_DB: Final = Path(__file__).parents[2]
_ROLES: Final = (_DB / "roles.sql").read_text()
_STATISTICS: Final = (_DB / "statement_statistics.sql").read_text()
_HAS_STATISTICS: Final = "SELECT FROM pg_extension WHERE extname = 'pg_stat_statements'"


def ensure(url: str, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database if missing; `url` is a superuser's.

    `passwords` has one for each of the two logins. Called at every start, because a
    cluster of an earlier version lacks the newer roles.
    """
    ensure_roles(url, passwords)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [NAME])
            if not cursor.rowcount:
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                cursor.execute(
                    create.format(sql.Identifier(NAME), sql.Identifier(OWNER))
                )
    ensure_statistics(make_dsn(url, dbname=NAME))


def ensure_statistics(url: str) -> None:
    """Have a database count what its statements cost, if it does not yet.

    `url` is a superuser's.
    """
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_HAS_STATISTICS)
        if not cursor.rowcount:
            cursor.execute(_STATISTICS)
            connection.commit()


def ensure_roles(url: str, passwords: Mapping[str, str]) -> None:
    """Make the logins and roles that are missing; `url` is a superuser's.

    Without missing ones nothing is written, so that a start does not wait for replicas
    that are still starting.
    """
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('chartroom.roles'))")
        new = [login for login in (OWNER, APP) if not _exists(cursor, login)]
        cursor.execute(_ROLES)
        for login in new:
            _set_password(cursor, login, passwords[login])
        connection.commit()


def set_passwords(url: str, passwords: Mapping[str, str]) -> None:
    """Set these passwords for the existing logins; `url` is a superuser's.

    Restored rows have the passwords of their time, and clients have the present ones.
    """
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for login in (OWNER, APP, *_OF_SERVERS):
            if _exists(cursor, login):
                _set_password(cursor, login, passwords[login])
        connection.commit()


def _set_password(cursor: Cursor, login: str, password: str) -> None:
    cursor.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(login), sql.Literal(password)
        )
    )


def _exists(cursor: Cursor, role: str) -> bool:
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
    return bool(cursor.rowcount)
