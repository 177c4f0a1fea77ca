"""Ports are kept from start to start, and given up to whoever took them."""

import socket
from collections.abc import Iterator

import pytest

from db.embedded.processes import ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_every_name_gets_a_port_of_its_own():
    chosen = ports.choose(("a", "b", "c"), {})

    assert len(set(chosen.values())) == 3
    assert all(ports.is_free(port) for port in chosen.values())


def test_a_remembered_port_is_used_again():
    first = ports.choose(("a", "b"), {})

    assert ports.choose(("a", "b"), first) == first


def test_a_port_that_somebody_took_is_replaced_and_the_others_stay(taken: int):
    first = ports.choose(("a", "b"), {})

    second = ports.choose(("a", "b"), first | {"a": taken})

    assert second["b"] == first["b"]
    assert second["a"] != taken


def test_a_port_that_somebody_listens_on_is_not_free(taken: int):
    assert not ports.is_free(taken)
