"""A wire carries everything between two networks, and nothing at all once it is cut."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from db.embedded.faults.wires import Wire, dialling

A_WHILE_SECONDS = 0.3
SOON_SECONDS = 5.0


@pytest.fixture
def far() -> Iterator[socket.socket]:
    """The listener at the far end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SOON_SECONDS)
        yield listener


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire that leads nowhere yet."""
    with closing(Wire()) as wire:
        yield wire


@pytest.fixture
def port(wire: Wire, far: socket.socket) -> int:
    """The port where the wire to the far end begins."""
    near = socket.create_server(("127.0.0.1", 0))
    wire.join(near, dialling(socket.socket, far.getsockname()[1]))
    number: int = near.getsockname()[1]
    return number


@pytest.fixture
def ends(port: int, far: socket.socket) -> Iterator[tuple[socket.socket, ...]]:
    """Both ends of a connection over the wire."""
    with connect(port) as near:
        other, _ = far.accept()
        with other:
            other.settimeout(SOON_SECONDS)
            yield near, other


def connect(port: int, seconds: float = SOON_SECONDS) -> socket.socket:
    """Connect to a port of this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def is_silent(end: socket.socket) -> bool:
    """Return whether nothing at all arrives for a while, not even an end."""
    end.settimeout(A_WHILE_SECONDS)
    try:
        end.recv(100)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        end.settimeout(SOON_SECONDS)


def test_it_carries_bytes_both_ways_and_the_end_of_a_side(ends):
    near, far = ends

    near.sendall(b"there")
    assert far.recv(100) == b"there"
    far.sendall(b"and back")
    assert near.recv(100) == b"and back"

    near.close()
    assert far.recv(100) == b""


def test_a_side_that_is_cut_off_hears_nothing_and_is_not_told_so(wire, ends):
    near, far = ends

    wire.cut()
    near.sendall(b"Do you hear me?")

    assert is_silent(far)
    assert is_silent(near)
    assert wire.connections == 1


def test_what_waited_arrives_once_it_is_mended(wire, ends):
    near, far = ends
    wire.cut()
    near.sendall(b"later")
    assert is_silent(far)

    wire.mend()

    assert far.recv(100) == b"later"


def test_not_even_the_end_of_a_side_is_heard_of_while_it_is_cut(wire, ends):
    near, far = ends
    wire.cut()

    far.close()
    assert is_silent(near)

    wire.mend()
    assert near.recv(100) == b""


def test_who_connects_meanwhile_reaches_nobody(wire, far, port):
    wire.cut()
    far.settimeout(A_WHILE_SECONDS)
    waiting = []
    for _ in range(4):
        with suppress(TimeoutError):
            waiting.append(connect(port, A_WHILE_SECONDS))

    # The kernel completes the first one or two by itself, and drops the others.
    assert len(waiting) < 4
    with pytest.raises(TimeoutError):
        far.accept()

    wire.mend()
    far.settimeout(SOON_SECONDS)
    for connection in waiting:
        connection.close()
        far.accept()[0].close()


def test_who_calls_a_port_where_nobody_listens_is_turned_away(wire, far, port):
    far.close()

    with connect(port) as caller:
        assert caller.recv(100) == b""


@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
def test_closed_it_ends_every_connection_and_takes_none(wire, port, ends, is_cut):
    if is_cut:
        wire.cut()

    wire.close()

    assert [end.recv(100) for end in ends] == [b"", b""]
    with pytest.raises(ConnectionRefusedError):
        connect(port)
