"""Missing roles and a missing database are made, whatever already exists."""

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest

from db import schema
from db.embedded import Cluster
from db.embedded.servers import database_roles
from db.schema import CannotMigrate
from tests.conftest import connect, fresh_database, owner
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

_ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'chartroom%' ORDER BY 1"


def _url(cluster: Cluster) -> str:
    return cluster.addresses.primary_url("postgres", "postgres")


def _run(cluster: Cluster, *statements: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(_url(cluster))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def earlier(own_cluster: Cluster) -> Iterator[Cluster]:
    """A cluster as the first version left it: with the owner and no other role."""
    names = [name for name in _names(own_cluster) if name != "chartroom"]
    # They may have rights in databases of other tests, so they cannot be dropped.
    for name in names:
        _run(own_cluster, f"ALTER ROLE {name} RENAME TO away_{name}")
    yield own_cluster
    for name in names:
        _run(
            own_cluster,
            f"DROP ROLE IF EXISTS {name}",
            f"ALTER ROLE away_{name} RENAME TO {name}",
        )


def _is_let_in(url: str) -> bool:
    with suppress(psycopg2.OperationalError):
        psycopg2.connect(url).close()
        return True
    return False


def _names(cluster: Cluster) -> list[str]:
    return [name for (name,) in _run(cluster, _ROLES)]


def test_a_cluster_of_an_earlier_version_gets_the_roles_that_it_lacks(earlier: Cluster):
    assert _names(earlier) == ["chartroom"]

    database_roles.ensure(_url(earlier), earlier.addresses.secrets)

    taken_on = ("admin", "analyst", "clinician", "door", "patient", "staff", "system")
    roles = ("app", *taken_on)
    assert set(_names(earlier)) == {"chartroom", *(f"chartroom_{r}" for r in roles)}
    # The first replica that is asked may not have the password yet.
    assert eventually(lambda: _is_let_in(earlier.endpoints.database_url))


def test_without_the_roles_a_migration_says_who_has_to_do_what(earlier: Cluster):
    with (
        fresh_database(earlier.addresses, has_schema=False) as endpoints,
        closing(connect(owner(endpoints)).connect()) as connection,
    ):
        for role in ("system", "app"):
            _run(earlier, f"DROP ROLE chartroom_{role}")

        with pytest.raises(CannotMigrate, match="run db/roles"):
            schema.migrate(connection)


def test_where_all_is_there_nothing_is_written(own_cluster: Cluster):
    database_roles.ensure(_url(own_cluster), own_cluster.addresses.secrets)
    before = _last_written(own_cluster)

    database_roles.ensure(_url(own_cluster), own_cluster.addresses.secrets)

    assert _last_written(own_cluster) == before


def _last_written(cluster: Cluster) -> list[tuple[str, ...]]:
    """Return the transaction that wrote each row about our roles and our database."""
    return _run(
        cluster,
        """
        SELECT 'role', rolname::text, xmin::text FROM pg_authid
        WHERE rolname LIKE 'chartroom%'
        UNION ALL
        SELECT 'member', format('%s of %s', member, roleid), xmin::text
        FROM pg_auth_members WHERE member::regrole::text LIKE 'chartroom%'
        UNION ALL
        SELECT 'setting', setrole::text, xmin::text FROM pg_db_role_setting
        WHERE setrole::regrole::text LIKE 'chartroom%' AND setdatabase = 0
        UNION ALL
        SELECT 'database', datname::text, xmin::text FROM pg_database
        WHERE datname = 'chartroom'
        ORDER BY 1, 2
        """,
    )


def test_a_password_that_an_administrator_has_changed_is_left_alone(
    own_cluster: Cluster,
):
    _run(own_cluster, "ALTER ROLE chartroom_app PASSWORD 'another'")

    database_roles.ensure(_url(own_cluster), own_cluster.addresses.secrets)

    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(own_cluster.endpoints.database_url)
    secret = own_cluster.addresses.secrets["chartroom_app"]
    _run(own_cluster, f"ALTER ROLE chartroom_app PASSWORD '{secret}'")
