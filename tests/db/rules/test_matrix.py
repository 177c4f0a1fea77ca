"""Raw SQL as every role, on every table: exactly what the matrix allows."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

from db.endpoints import Endpoints
from tests.conftest import owner
from tests.db.rules.matrix import EVENTS, FUNCTIONS, MATRIX, VIEWS, expected
from tests.db.rules.rights import Right
from tests.db.rules.rows import ROLES, fill
from tests.db.rules.trying import Attempt, Ground, Intruder, listed
from tests.kit.replicas import await_replicas

EVERYBODY = (*ROLES, "nobody")
ABUSES = (
    "TRUNCATE {} CASCADE",
    "DROP TABLE {}",
    "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
)


@pytest.fixture(scope="module")
def ground(module_endpoints: Endpoints) -> Iterator[Ground]:
    """A database with rows of everybody's, on a connection as any process has it."""
    with (
        closing(psycopg2.connect(owner(module_endpoints))) as owning,
        closing(psycopg2.connect(module_endpoints.database_url)) as app,
    ):
        tags = fill(owning)
        owning.commit()
        with owning.cursor() as cursor:
            await_replicas(cursor)
        owning.rollback()
        yield Ground(app, owning, tags)


def test_every_table_has_its_place_in_the_matrix(ground: Ground):
    assert ground.catalogue.tables() == set(MATRIX)
    assert ground.catalogue.views() == {*VIEWS, *EVENTS}


# One test per role, not per table: the failure still lists the tables that differ.
@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_does_to_a_table_what_the_matrix_says_and_no_more(
    ground: Ground, role: str
):
    tags = {table: set(ground.tags[table].values()) for table in MATRIX}

    rights = {table: Attempt(ground, role, table).rights() for table in MATRIX}

    assert rights == {table: expected(table, role, tags[table]) for table in MATRIX}


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_gives_no_right_that_its_table_does_not(
    ground: Ground, view: str, role: str
):
    table, readers = VIEWS[view]
    tags = set(ground.tags[table].values())

    rights = Attempt(ground, role, table, through=view).rights()

    assert rights == (expected(table, role, tags) if role in readers else {})


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("view", EVENTS)
def test_only_analysts_read_events_and_only_by_columns_that_name_nobody(
    ground: Ground, view: str, role: str
):
    columns = set(EVENTS[view].split(", "))
    name = sql.Identifier(*view.split("."))
    intruder = Intruder(ground.app, role)

    read = {
        column
        for column in ground.catalogue.columns(view)
        if intruder.tries(
            sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), name)
        )
        is not None
    }

    assert set(ground.catalogue.columns(view)) == columns
    assert read == (columns if role == "analyst" else set())
    with ground.owning.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(oid, %s, 'INSERT, UPDATE, DELETE') "
            "FROM pg_roles WHERE rolname = %s",
            [view, f"chartroom_{role}"],
        )
        assert cursor.fetchall() in ([], [(False,)])


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_every_column_of_its_table(ground: Ground, view: str):
    table, _ = VIEWS[view]

    assert ground.catalogue.columns(view) == ground.catalogue.columns(table)


def test_what_runs_as_the_owner_is_called_by_those_who_need_it(ground: Ground):
    with ground.owning.cursor() as cursor:
        cursor.execute(
            "SELECT proname, array_remove(array_agg(CASE WHEN "
            "has_function_privilege('chartroom_' || role, pg_proc.oid, 'EXECUTE') "
            "THEN role END), NULL) FROM pg_proc, unnest(%s) AS role "
            "WHERE prosecdef AND pronamespace "
            "IN ('public'::regnamespace, 'analytics'::regnamespace) GROUP BY proname",
            [list(ROLES)],
        )
        callers = {name: set(roles) for name, roles in cursor}

    assert callers == FUNCTIONS


def test_what_runs_as_the_owner_takes_no_table_of_its_callers_for_its_own(
    ground: Ground,
):
    with ground.owning.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef "
            "AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false) "
            "AND pronamespace <> 'pg_catalog'::regnamespace"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize("role", [*EVERYBODY, "app"])
def test_no_role_makes_anything_in_a_schema_or_sets_a_sequence(
    ground: Ground, role: str
):
    with ground.owning.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_namespace JOIN pg_roles ON rolname = %(role)s "
            "WHERE nspname !~ '^pg_(temp|toast)' "
            "AND has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'CREATE') "
            "UNION ALL "
            "SELECT relname FROM pg_class JOIN pg_roles ON rolname = %(role)s "
            "WHERE relkind = 'S' "
            "AND has_sequence_privilege(pg_roles.oid, pg_class.oid, 'UPDATE') "
            "UNION ALL "
            "SELECT defaclacl::text FROM pg_default_acl",
            {"role": f"chartroom_{role}"},
        )
        assert cursor.fetchall() == []


# Tables that are not logged: a replica refuses to read them, whoever asks.
_ON_THE_PRIMARY_ALONE = {"prepared_facets"}


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("node", ["db-01", "db-02", "db-03"])
def test_every_node_shows_a_role_the_same_rows(
    module_endpoints: Endpoints, ground: Ground, node: str, role: str
):
    with closing(psycopg2.connect(module_endpoints.replica_urls[node])) as connection:
        intruder = Intruder(connection, role)
        for table, known in ground.tags.items():
            if table in _ON_THE_PRIMARY_ALONE:
                continue
            select = sql.SQL("SELECT {} FROM {}").format(
                listed(ground.catalogue.key(table)), sql.Identifier(table)
            )
            seen = {known[key] for key in intruder.sees(select)}
            rights = expected(table, role, set(known.values()))

            assert seen == rights.get("SELECT", Right(frozenset())).rows, table


@pytest.mark.parametrize("role", EVERYBODY)
def test_nobody_empties_a_table_or_lifts_its_rules(ground: Ground, role: str):
    intruder = Intruder(ground.app, role)

    done = [
        (table, abuse)
        for table in MATRIX
        for abuse in ABUSES
        if intruder.tries(sql.SQL(abuse).format(sql.Identifier(table))) is not None
    ]

    assert done == []
