"""Which servers there are, and which of them a connection leads to."""

from contextlib import closing
from dataclasses import replace

import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from db.endpoints import Endpoints
from db.postgres.connections.server_addresses import ServerAddresses, open_reading

THREE = "postgresql://me:secret@one:1,two:2,three:3/clinic?target_session_attrs=any"


def addresses(database_url, **replica_urls):
    return ServerAddresses(Endpoints(database_url, replica_urls, "", {}))


def names(known):
    return [node.name for node in known.nodes]


def test_every_host_of_the_primarys_url_is_watched():
    known = addresses(THREE)

    assert names(known) == ["one:1", "two:2", "three:3"]
    assert known.nodes[1].parameters == {
        "host": "two",
        "port": "2",
        "user": "me",
        "password": "secret",
        "dbname": "clinic",
    }


def test_a_host_that_has_a_name_is_watched_once_under_it():
    known = addresses(THREE, second="postgresql://two:2/clinic")

    assert names(known) == ["second", "one:1", "three:3"]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://one,two:7/clinic", [("one", "5432"), ("two", "7")]),
        ("host=one,two port=7 dbname=clinic", [("one", "7"), ("two", "7")]),
        ("postgresql:///clinic?host=/run/pg", [("/run/pg", "5432")]),
        ("postgresql:///clinic", [("localhost", "5432")]),
    ],
    ids=["a port each", "one port for all", "a socket", "nothing said"],
)
def test_hosts_and_ports_are_paired_as_libpq_does(url, place):
    assert [node.place for node in addresses(url).nodes] == place


@pytest.fixture
def cluster_addresses(with_notes: Endpoints) -> ServerAddresses:
    """The shared cluster's addresses, from a URL without target_session_attrs."""
    parameters = parse_dsn(with_notes.database_url)
    del parameters["target_session_attrs"]
    return ServerAddresses(replace(with_notes, database_url=make_dsn(**parameters)))


def in_recovery(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        return cursor.fetchone()[0]


def test_writes_find_the_primary_whichever_is_thought_to_be_it(cluster_addresses):
    primaries = set()
    for likely in (*(node.name for node in cluster_addresses.nodes), None):
        with closing(cluster_addresses.open_primary(likely)) as connection:
            assert not in_recovery(connection)
            primaries.add(cluster_addresses.name_of(connection))

    assert len(primaries) == 1


def test_a_server_is_read_from_by_its_name(cluster_addresses):
    for node in cluster_addresses.nodes:
        with closing(open_reading(node)) as connection:
            assert cluster_addresses.name_of(connection) == node.name


def shown(connection, setting):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return cursor.fetchone()[0]


def test_a_connection_asks_nothing_before_somebody_knows_of_it(with_notes, proxy):
    place = {"host": "127.0.0.1", "port": str(proxy.port)}
    url = make_dsn(**{**parse_dsn(with_notes.database_url), **place})
    (node,) = ServerAddresses(Endpoints(url, {}, "", {})).nodes

    # A hanging server would be waited for without limit, and nobody could cut it off.
    with closing(open_reading(node)):
        assert proxy.sent
        assert not any(message.startswith(b"Q") for message in proxy.sent)


def test_what_a_connection_begins_with_holds_beside_options_of_an_url(with_notes):
    url = make_dsn(with_notes.database_url, options="-c work_mem=5MB")
    addresses = ServerAddresses(replace(with_notes, database_url=url, replica_urls={}))

    with closing(addresses.open_primary(None)) as connection:
        assert shown(connection, "work_mem") == "5MB"
        assert shown(connection, "client_min_messages") == "warning"
        assert shown(connection, "client_connection_check_interval") == "5s"
        assert shown(connection, "default_transaction_read_only") == "off"
    with closing(open_reading(addresses.nodes[0])) as connection:
        assert shown(connection, "work_mem") == "5MB"
        assert shown(connection, "default_transaction_read_only") == "on"
