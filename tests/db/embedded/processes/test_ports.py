"""Ports are kept from start to start, and given up to whoever has taken them."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from db.embedded.processes.ports import PortReservations, is_free

_ANOTHER_LAUNCHER = """
import sys
from db.embedded.processes.ports import PortReservations
with PortReservations() as ports:
    print(ports.choose(["a"], {"a": int(sys.argv[1])})["a"])
"""


@pytest.fixture
def ports() -> Iterator[PortReservations]:
    """The ports of a cluster."""
    with PortReservations() as ports:
        yield ports


@pytest.fixture
def others_ports() -> Iterator[PortReservations]:
    """The ports of another cluster."""
    with PortReservations() as ports:
        yield ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_every_name_gets_a_port_of_its_own(ports: PortReservations):
    chosen = ports.choose(("a", "b", "c"), {})

    assert len(set(chosen.values())) == 3
    assert all(is_free(port) for port in chosen.values())


def test_a_remembered_port_is_used_again(
    ports: PortReservations, others_ports: PortReservations
):
    first = ports.choose(("a", "b"), {})

    assert ports.choose(("a", "b"), first) == first
    ports.close()
    assert others_ports.choose(("a", "b"), first) == first


def test_a_port_that_somebody_took_is_replaced_and_the_others_stay(
    ports: PortReservations, taken: int
):
    first = ports.choose(("a", "b"), {})

    second = ports.choose(("a", "b"), first | {"a": taken})

    assert second["b"] == first["b"]
    assert second["a"] != taken


def test_a_port_that_nobody_listens_on_just_now_is_left_to_its_cluster(
    ports: PortReservations, others_ports: PortReservations
):
    chosen = ports.choose(("a", "b"), {})
    down = chosen["a"]

    assert others_ports.choose(("a",), {"a": down})["a"] != down
    command = [sys.executable, "-c", _ANOTHER_LAUNCHER, str(down)]
    another = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(another.stdout) not in chosen.values()
    # A server that is removed no longer needs its port.
    ports.give_back([down])
    assert others_ports.choose(("b",), {"b": down})["b"] == down


def test_a_port_that_somebody_listens_on_is_not_free(taken: int):
    assert not is_free(taken)
