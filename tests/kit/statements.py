"""Makes a throw-away database count its statements, as the clinic's own does."""

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2

from db.embedded import Addresses
from db.embedded.servers import database_roles
from db.endpoints import Endpoints
from tests.kit.replicas import await_replicas


def count_statements(addresses: Addresses, endpoints: Endpoints) -> None:
    """Install the statistics of statements in this database, on every server."""
    url = _url(addresses, endpoints)
    database_roles.ensure_statistics(url)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        await_replicas(cursor)


def count_none(addresses: Addresses, endpoints: Endpoints) -> None:
    """Remove the statistics of statements from this database, on every server."""
    with closing(psycopg2.connect(_url(addresses, endpoints))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DROP EXTENSION IF EXISTS pg_stat_statements CASCADE")
            await_replicas(cursor)


def _url(addresses: Addresses, endpoints: Endpoints) -> str:
    name = urlsplit(endpoints.database_url).path.removeprefix("/")
    return addresses.primary_url("postgres", name)
