"""Slow queries on screen: by shape, for a server, reset on request."""

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from db.cluster.statements import StatementReader
from db.embedded import Addresses
from services.core.actors import Role
from tests.kit.statements import count_none, count_statements
from tests.kit.waiting import eventually
from tests.pages.cluster_samples import said
from tests.pages.conftest import Clinic, rows_of


def test_a_database_that_does_not_count_says_how_it_would(
    clinic: Clinic, addresses: Addresses
):
    count_none(addresses, clinic.wiring.endpoints)

    app = clinic.open("slow_queries", Role.ADMIN)

    assert "the extension pg_stat_statements is missing" in said(app.info)
    assert "db/statement_statistics.sql" in app.code[0].value


def test_queries_are_listed_by_their_share_and_reset(
    clinic: Clinic, addresses: Addresses
):
    count_statements(addresses, clinic.wiring.endpoints)
    # The page shows the first hundred, and other tests have made more than that.
    for node in clinic.wiring.statements.nodes:
        clinic.wiring.statements.reset(node)

    def listed() -> AppTest:
        clinic.register(first_name="Ficus", last_name="Benjamina")
        return clinic.open("slow_queries", Role.ADMIN)

    # PostgreSQL forgets rare statements, and all tests run theirs at once.
    app = eventually(
        listed,
        lambda app: "INSERT INTO patients" in str(rows_of(app, "slow_queries_table")),
    )
    rows = rows_of(app, "slow_queries_table")
    shares = [float(row[4].removesuffix("%")) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0
    assert "Benjamina" not in str(rows)

    app.button(key="slow_queries_reset").click().run()
    # AppTest runs the whole page, which shows the dialog while its button is pressed.
    app.button(key="slow_queries_reset").click()
    app.button(key="slow_queries_reset_yes").click().run()

    again = rows_of(app, "slow_queries_table")
    assert not [row for row in again if "INSERT INTO patients" in row[0]]


def test_a_server_that_is_silent_is_named(clinic: Clinic):
    nobody = {"db-09": "postgresql://somebody:secret@127.0.0.1:1/x"}
    gone = replace(clinic.wiring.endpoints, replica_urls=nobody)
    clinic.wiring.__dict__["statements"] = StatementReader(lambda: gone)
    try:
        app = clinic.open("slow_queries", Role.ADMIN)
        app.selectbox(key="slow_queries_server").set_value("db-09").run()
    finally:
        del clinic.wiring.__dict__["statements"]

    assert "db-09 is not responding" in said(app.error)
