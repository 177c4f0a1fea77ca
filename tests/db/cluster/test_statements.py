"""The cost of statements is reported by their shape, without any value in them."""

from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest

from db.cluster.statements import (
    NotCounted,
    StatementReader,
    StatementReport,
    StatementShape,
    without_values,
)
from db.embedded import Addresses
from db.endpoints import Endpoints
from tests.conftest import owner
from tests.kit.replicas import primary_of
from tests.kit.statements import count_statements
from tests.kit.waiting import eventually

_SECRET = "Ficus-Benjamina-1931"


@pytest.fixture
def counting(addresses: Addresses, endpoints: Endpoints) -> Endpoints:
    """A database that counts its statements, in which a name was searched for."""
    count_statements(addresses, endpoints)
    _look_for_a_name(endpoints)
    return endpoints


def _look_for_a_name(endpoints: Endpoints) -> None:
    _run(endpoints, f"SELECT length('{_SECRET}') AS found FROM generate_series(1, 3)")


def _run(endpoints: Endpoints, statement: str) -> None:
    with closing(psycopg2.connect(owner(endpoints))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_shape_is_counted_and_its_value_is_not_there(counting: Endpoints):
    calls = 1

    def look() -> tuple[StatementReport, list[StatementShape]]:
        nonlocal calls
        report = StatementReader(lambda: counting).read(primary_of(counting))
        shapes = [s for s in report.shapes if "found FROM generate_series" in s.text]
        if not shapes:
            # The server forgets a statement that ran once, to make room for those of
            # other tests.
            _look_for_a_name(counting)
            calls += 1
        return report, shapes

    report, (shape,) = eventually(look, lambda looked: bool(looked[1]))

    assert 1 <= shape.calls <= calls
    assert shape.rows == 3 * shape.calls
    assert 0 < shape.mean_ms <= shape.worst_ms <= shape.total_ms
    assert report.totals.calls >= shape.calls
    assert _SECRET not in str(report)


def test_statements_that_are_kept_as_they_came_are_not_counted(counting: Endpoints):
    _run(counting, f"DO $$ BEGIN PERFORM '{_SECRET}'; END $$")
    _run(counting, f"CREATE TABLE plants AS SELECT '{_SECRET}'::text AS name")

    report = StatementReader(lambda: counting).read(primary_of(counting))

    assert not [s for s in report.shapes if "PERFORM" in s.text or "CREATE" in s.text]


def test_the_order_is_the_one_that_is_asked_for(counting: Endpoints):
    for _ in range(5):
        _run(counting, "SELECT 1 AS often")
    reader, node = StatementReader(lambda: counting), primary_of(counting)

    calls = [shape.calls for shape in reader.read(node, "calls").shapes]
    rows = [shape.rows for shape in reader.read(node, "rows").shapes]

    assert calls == sorted(calls, reverse=True)
    assert calls[0] >= 5
    assert rows == sorted(rows, reverse=True)


def test_counts_are_reset_for_this_database(counting: Endpoints):
    reader, node = StatementReader(lambda: counting), primary_of(counting)
    assert reader.read(node).may_reset

    reader.reset(node)

    assert not [s for s in reader.read(node).shapes if "found FROM" in s.text]


def test_a_replica_counts_for_itself(counting: Endpoints):
    reader = StatementReader(lambda: counting)
    replica = next(node for node in reader.nodes if node != primary_of(counting))

    report = reader.read(replica)

    assert not [s for s in report.shapes if "found FROM generate_series" in s.text]
    assert reader.totals(replica).calls > 0


def test_a_database_without_the_extension_says_so(endpoints: Endpoints):
    with pytest.raises(NotCounted) as refused:
        StatementReader(lambda: endpoints).read(primary_of(endpoints))

    assert refused.value.reason == "not installed"


def test_a_server_that_is_not_there_is_silent_and_names_no_login(endpoints: Endpoints):
    gone = replace(
        endpoints, replica_urls={"db-09": "postgresql://somebody:secret@127.0.0.1:1/x"}
    )

    with pytest.raises(NotCounted) as refused:
        StatementReader(lambda: gone).read("db-09")

    assert str(refused.value) == "silent"


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("SELECT * FROM a WHERE b = $1", "SELECT * FROM a WHERE b = $1"),
        ("SELECT 'O''Hara', 12, c1 FROM t2", "SELECT ?, ?, c1 FROM t2"),
        (r"SELECT E'it\'s she', -1.5e3", "SELECT ?, -?"),
        ("SELECT $tag$ Smith's $tag$ -- Smith", "SELECT ?"),
        ('SELECT /* Smith */ "1 name" = \'cut o', 'SELECT "1 name" = ?'),
        ("INSERT INTO t\n  VALUES (1931, 'Smith')", "INSERT INTO t VALUES (?, ?)"),
    ],
)
def test_what_could_be_a_value_is_taken_out(kept: str, shown: str):
    assert without_values(kept) == shown
