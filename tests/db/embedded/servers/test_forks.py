"""Two servers that began timelines with the same number are not confused."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster, Node
from db.embedded.processes import programs
from db.embedded.processes.swift_patroni import StricterRewind
from tests.kit import by_hand
from tests.kit.breaking import ask, is_switched_over, kept_down, replicas
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

IS_ASTRAY = "SELECT to_regclass('astray') IS NOT NULL"


@pytest.fixture
def held_down(breakable: Cluster) -> Iterator[Node]:
    """A replica that is down until it is healed."""
    node, control = replicas(breakable)[0], Control.of(breakable.endpoints)
    assert control is not None
    with kept_down(control, node):
        yield node


def test_who_led_alone_on_a_timeline_of_the_same_number_is_copied_anew(
    breakable: Cluster, held_down: Node
):
    node, control = held_down, Control.of(breakable.endpoints)
    assert control is not None
    lead_alone(breakable, node)
    (other,) = replicas(breakable)
    assert eventually(lambda: is_switched_over(breakable, other.name))
    assert eventually(lambda: breakable.primary() == other)

    control.heal(Fault.KILL_NODE, node.name)
    breakable.wait_until_whole()

    assert not ask(breakable, node, IS_ASTRAY)


def test_timelines_that_began_at_one_place_are_told_apart_by_their_first_record(
    breakable: Cluster, held_down: Node, tmp_path: Path
):
    first, second = (twin(held_down, tmp_path / name) for name in ("one", "other"))
    for node in (first, second):
        lead_alone(breakable, node)
    follower = twin(first, tmp_path / "follower")

    assert origin(first).read_text() == origin(second).read_text()
    assert is_fork(first, second)
    assert not is_fork(first, follower)


def test_of_a_beginning_that_is_no_longer_kept_the_origin_decides_if_it_is_known(
    breakable: Cluster, held_down: Node, tmp_path: Path
):
    informed, ignorant = (
        twin(held_down, tmp_path / name) for name in ("one", "ignorant")
    )
    lead_alone(breakable, informed)
    follower, other = (
        twin(informed, tmp_path / name) for name in ("follower", "other")
    )
    for node in (follower, other):
        for segment in origin(node).parent.glob(
            f"{origin(informed).stem}" + "[0-9A-F]" * 16
        ):
            segment.unlink()
    origin(other).write_text(origin(other).read_text().replace("/", "/1"))

    assert not is_fork(informed, follower)
    assert is_fork(informed, other)
    assert not is_fork(informed, ignorant)


def twin(node: Node, data: Path) -> Node:
    """Return a copy of a dead server."""
    subprocess.run(["cp", "-a", str(node.data), str(data)], check=True)
    return replace(node, data=data)


def origin(node: Node) -> Path:
    """Return the file that says where a server's newest timeline began."""
    return max((node.data / "pg_wal").glob("*.history"))


def is_fork(node: Node, leader: Node) -> bool:
    """Return whether Patroni takes a server's newest timeline for a different one."""
    server = SimpleNamespace(
        data_dir=str(node.data),
        pgcommand=lambda name: str(programs.find(node.data).postgres.with_name(name)),
    )
    rewind = StricterRewind(server)
    rewind._timeline = int(origin(node).stem, 16)
    return rewind._forks(SimpleNamespace(name=leader.data.name))


def lead_alone(cluster: Cluster, node: Node) -> None:
    """Let a replica begin a timeline that no other server knows, write, and die."""
    by_hand.start(cluster, node)
    try:
        by_hand.promote(cluster, node)
        ask(cluster, node, "CREATE TABLE astray AS SELECT 1 AS number; SELECT 1")
    finally:
        by_hand.crash(cluster, node)
