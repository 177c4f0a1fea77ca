"""Chartroom's role and database, as a new PostgreSQL cluster gets them."""

from contextlib import closing
from typing import Final

import psycopg2
from psycopg2 import sql

NAME: Final = "chartroom"
OWNER: Final = "chartroom"


def make(url: str, password: str) -> None:
    """Make the role and its database; `url` is a superuser's.

    The role owns its database and is no superuser.
    """
    owner, name = sql.Identifier(OWNER), sql.Identifier(NAME)
    statements = (
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
            owner, sql.Literal(password)
        ),
        # An error's sentence may quote a value of a patient. Whoever sent it is told;
        # the server's log is not the place for it.
        sql.SQL("ALTER ROLE {} SET log_min_messages = 'log'").format(owner),
        # Lag is shown to administrators, so the role may see statistics.
        sql.SQL("GRANT pg_monitor TO {}").format(owner),
        sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner),
    )
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
