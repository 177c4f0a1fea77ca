"""A lock on every server that answers, so that it holds without a primary."""

import pytest

from db.cluster import server_locks
from db.endpoints import Endpoints
from db.postgres.connections.server_addresses import Address, ServerAddresses


@pytest.fixture
def servers(endpoints: Endpoints) -> tuple[Address, ...]:
    """All servers of the test cluster, with a database of their own."""
    return ServerAddresses(endpoints).nodes


def test_who_comes_second_gets_nothing_until_the_first_lets_go(servers):
    with server_locks.take(servers, "a thing") as held:
        second = server_locks.take(servers, "a thing")
        was_on = held.servers
    with server_locks.take(servers, "a thing") as again:
        is_on = again.servers

    assert second is None
    assert was_on == is_on == len(servers)


def test_locks_of_different_names_know_nothing_of_each_other(servers):
    with (
        server_locks.take(servers, "a thing"),
        server_locks.take(servers, "another thing") as other,
    ):
        assert other.servers == len(servers)


def test_one_server_in_common_is_enough_and_the_loser_keeps_none(servers):
    first, second, third = servers

    with server_locks.take([first, third], "a thing"):
        refused = server_locks.take([second, third], "a thing")
        with server_locks.take([second], "a thing") as free:
            assert free.servers == 1

    assert refused is None


def test_a_server_that_does_not_answer_is_left_out(servers):
    dead = Address("db-00", {"host": "127.0.0.1", "port": "1", "user": "nobody"})

    with server_locks.take([dead, *servers], "a thing") as held:
        assert held.servers == len(servers)
