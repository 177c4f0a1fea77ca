"""Which server answers a read."""

import pytest

from db.postgres import Lsn
from db.postgres.watching.nodes import NodeState, choose, primary_of


def replica(name, lag_seconds=0.0, at=100, **changes):
    return NodeState(
        name,
        "replica",
        **{"reachable": True, "timeline": 1, "replay_lsn": Lsn(at)} | changes,
        lag_seconds=lag_seconds,
    )


def leader(name="p", at=200, timeline=1, **changes):
    state = {"reachable": True, "timeline": timeline, "replay_lsn": Lsn(at)}
    return NodeState(name, "primary", **state | changes, lag_seconds=0.0)


def names(nodes, after=None, **options):
    order = choose(nodes, Lsn(after) if after else None, **options)
    return [node.name for node in order]


CASES = {
    "replicas before the primary": ([leader(), replica("a")], None, "ap"),
    "the least lagging first": (
        [replica("a", 4), replica("b", 1), leader()],
        None,
        "bap",
    ),
    "one too far behind after the primary": ([replica("a", 11), leader()], None, "pa"),
    "the dead not at all": ([replica("a", reachable=False), leader()], None, "p"),
    "a replica that has it": (
        [replica("a"), replica("b", at=120), leader()],
        110,
        "bap",
    ),
    "the most advanced is waited for": (
        [replica("a", at=90), replica("b", at=95), leader()],
        110,
        "bpa",
    ),
    "nobody waits for one that others waited for in vain": (
        [replica("a", missed_lsn=Lsn(105)), leader()],
        110,
        "pa",
    ),
    "one that is late still serves what it has": (
        [replica("a", missed_lsn=Lsn(105)), leader()],
        100,
        "ap",
    ),
    "one that has what was waited for is waited for again": (
        [replica("a", at=105, missed_lsn=Lsn(105)), leader()],
        110,
        "ap",
    ),
    "an unknown position is not enough": (
        [replica("a", replay_lsn=None), replica("b", at=120), leader()],
        110,
        "bap",
    ),
    "one that history has left behind comes last": (
        [replica("a"), replica("b", 11, timeline=2), leader(timeline=2)],
        None,
        "pba",
    ),
    "and says nothing of what was written since": (
        [replica("a", at=300), replica("b", timeline=2), leader(timeline=2)],
        110,
        "bp",
    ),
    "not even while the one that leads does not answer": (
        [replica("a", at=300), leader(timeline=2, reachable=False)],
        110,
        "",
    ),
    "replicas alone during a failover": ([replica("a"), replica("b", 2)], None, "ab"),
    "the primary alone": ([leader()], 300, "p"),
    "nobody": ([replica("a", reachable=False)], None, ""),
}


@pytest.mark.parametrize(("nodes", "after", "order"), CASES.values(), ids=CASES)
def test_the_order_of_servers(nodes, after, order):
    assert "".join(names(nodes, after)) == order


def test_equals_take_turns_and_the_others_keep_their_place():
    nodes = [replica("a", 0.1), replica("b", 0.3), replica("c", 3), leader()]

    assert names(nodes, turn=0) == ["a", "b", "c", "p"]
    assert names(nodes, turn=1) == ["b", "a", "c", "p"]


def test_a_server_that_failed_this_read_comes_last():
    nodes = [replica("a"), replica("b"), leader()]

    assert names(nodes, avoiding={"a"}) == ["b", "p", "a"]


def test_of_two_that_claim_to_lead_the_newer_timeline_is_believed():
    nodes = [leader("old", at=900, timeline=3), leader("new", timeline=4)]

    assert primary_of(nodes).name == "new"


def test_nobody_leads_when_the_primary_is_down():
    assert primary_of([leader(reachable=False), replica("a")]) is None
