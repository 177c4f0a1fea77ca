"""Lets a throw-away database count its statements, as the clinic's own does."""

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2

from db.embedded import Addresses
from db.embedded.servers import database_roles
from db.endpoints import Endpoints
from tests.conftest import await_replicas


def count_statements(addresses: Addresses, endpoints: Endpoints) -> None:
    """Make in this database what tells of its statements, on every server."""
    name = urlsplit(endpoints.database_url).path.removeprefix("/")
    url = addresses.primary_url("postgres", name)
    database_roles.ensure_statistics(url)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        await_replicas(cursor)
