"""A replica whose log was damaged while it was down is copied again by itself, once."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from db.cluster.control_client import Control
from db.cluster.observing import Observer
from db.embedded import Cluster, Node
from db.embedded.processes.swift_patroni import COPIED
from tests.kit.breaking import ask, kept_down, replicas
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

_TIMELINE = "CHECKPOINT; SELECT timeline_id FROM pg_control_checkpoint()"


@pytest.fixture
def control(breakable: Cluster) -> Control:
    control = Control.of(breakable.endpoints)
    assert control is not None
    return control


@pytest.fixture
def mended(breakable: Cluster) -> Iterator[None]:
    """Remove the notes of copies after the test, however it went."""
    yield
    for node in breakable.nodes:
        note_of(node).unlink(missing_ok=True)


def note_of(node: Node):
    return node.data.with_name(node.data.name + COPIED)


def write_zeros(node: Node) -> None:
    for segment in segments(node):
        segment.write_bytes(bytes(segment.stat().st_size))


def cut_short(node: Node) -> None:
    for segment in segments(node):
        segment.write_bytes(b"")


def segments(node: Node):
    return tuple((node.data / "pg_wal").glob("[0-9A-F]" * 24))


def begin_segment(cluster: Cluster) -> None:
    """Let the log end in the first page of a segment.

    From a segment that was cut short, PostgreSQL reads nothing before the primary has
    sent a whole page of it: with more log than this, it would continue by itself.
    """
    primary = cluster.primary()
    assert primary is not None
    ask(cluster, primary, "SELECT pg_switch_wal()")
    ask(cluster, primary, "SELECT pg_logical_emit_message(true, 'test', 'a')")


@pytest.mark.usefixtures("mended")
def test_a_former_primary_whose_log_cannot_be_read_is_copied_anew(
    breakable: Cluster, control: Control
):
    node = breakable.primary()

    with kept_down(control, node):
        write_zeros(node)
    breakable.wait_until_whole(120)

    assert note_of(node).exists()
    # It is reported everywhere, on the pages and by `cluster status` too.
    with closing(Observer(breakable.endpoints)) as observer:
        eventually(lambda: observer.look().node(node.name).copied_anew_at is not None)


@pytest.mark.usefixtures("mended")
def test_a_replica_whose_log_was_cut_short_is_copied_anew_but_not_twice_in_an_hour(
    breakable: Cluster, control: Control
):
    node = replicas(breakable)[0]
    log = breakable.folder.log(node.name)

    begin_segment(breakable)
    with kept_down(control, node):
        cut_short(node)
    breakable.wait_until_whole(120)
    copied_at = note_of(node).stat().st_mtime_ns

    begin_segment(breakable)
    with kept_down(control, node):
        cut_short(node)
    eventually(lambda: "is damaged again within an hour" in log.read_text())
    assert note_of(node).stat().st_mtime_ns == copied_at
    assert not node.answers("/replica?lag=1")

    node.command("/reinitialize", {"force": True})
    breakable.wait_until_whole(120)


@pytest.mark.usefixtures("mended")
def test_what_the_primary_can_send_again_is_not_copied(
    breakable: Cluster, control: Control
):
    node = replicas(breakable)[0]
    # Another test may have left one.
    note_of(node).unlink(missing_ok=True)
    # A primary sends no log of the timeline before its own.
    leads_on = ask(breakable, breakable.primary(), _TIMELINE)
    eventually(lambda: ask(breakable, node, _TIMELINE) == leads_on)

    with kept_down(control, node):
        write_zeros(node)
    breakable.wait_until_whole(120)

    assert not note_of(node).exists()
