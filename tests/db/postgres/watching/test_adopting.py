"""Added servers are used, and removed ones are left alone, without a restart."""

from contextlib import closing
from dataclasses import replace

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from tests.kit.waiting import eventually


def without(endpoints: Endpoints, name: str) -> Endpoints:
    """Return the same servers without one, as if it had yet to come."""
    others = {n: url for n, url in endpoints.replica_urls.items() if n != name}
    return replace(
        endpoints,
        replica_urls=others,
        # The URL of one of the others, which names no further host.
        database_url=f"{next(iter(others.values()))}&target_session_attrs=read-write",
    )


def served_by(database: Database) -> set[str]:
    """Return the servers that answer a handful of reads."""
    return {
        database.read(lambda _: None, identity=SYSTEM).served.node for _ in range(12)
    }


def follower(endpoints: Endpoints) -> str:
    """Return the name of a server that follows."""
    with closing(Database(endpoints)) as database:
        states = database.nodes()
    return next(node.name for node in states if node.role == "replica")


def test_a_server_that_comes_is_read_from(endpoints: Endpoints):
    new = follower(endpoints)
    with closing(Database(without(endpoints, new))) as database:
        assert new not in served_by(database)

        database.adopt(endpoints)

        assert eventually(lambda: new in served_by(database))
        assert database.endpoints is endpoints


def test_a_server_that_goes_is_read_from_no_more(endpoints: Endpoints):
    old = follower(endpoints)
    with closing(Database(endpoints)) as database:
        assert eventually(lambda: old in served_by(database))

        database.adopt(without(endpoints, old))

        assert old not in served_by(database)
        assert old not in {node.name for node in database.nodes()}


def test_those_that_stay_keep_their_connections(endpoints: Endpoints):
    with closing(Database(endpoints)) as database:
        database.read_latest(lambda _: None, identity=SYSTEM)
        pools = dict(database._reads.pools)

        database.adopt(replace(endpoints, delayed_urls={"late": "postgresql://x"}))

        assert database._reads.pools == pools
        assert all(node.reachable for node in database.nodes())


def test_a_read_that_is_under_way_outlives_the_leaving_of_its_server(
    endpoints: Endpoints,
):
    with closing(Database(endpoints)) as database:
        with database.reading(identity=SYSTEM) as session:
            node = session.info["served"].node

            database.adopt(without(endpoints, node))

            assert session.connection().exec_driver_sql("SELECT 1").scalar_one() == 1
        assert database.read(lambda _: "there", identity=SYSTEM).value == "there"
