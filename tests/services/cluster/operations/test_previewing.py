"""Who should lead next, and when something might be lost, without any server."""

from dataclasses import replace

import pytest

from db.postgres import Lsn
from services.cluster.operations import (
    CannotAct,
    OperationKind,
    OperationRequest,
    ServerSituation,
    Situation,
    preview,
)
from services.cluster.operations.previewing import require_possible
from services.cluster.operations.refusals import NotTyped

PRIMARY = ServerSituation("db-01", "primary", "running", True, 4, 0, 0.0)
FAR = ServerSituation("db-02", "replica", "streaming", True, 4, 900, 0.0, True, True)
NEAR = ServerSituation("db-03", "replica", "streaming", True, 4, 0, 0.0, True, True)
AFTER = Lsn.parse("0/5000000")
BEFORE = Lsn.parse("0/4FFFF00")


def led(*others, **more):
    return Situation((PRIMARY, *others), is_synchronous=True, **more)


def leaderless(*others, is_synchronous=True):
    gone = replace(PRIMARY, role="replica", is_answering=False)
    return Situation((gone, *others), is_synchronous=is_synchronous)


def test_the_server_that_has_most_is_advised():
    previewed = preview(led(FAR, NEAR))

    assert previewed.kind is OperationKind.SWITCHOVER
    assert previewed.best.name == "db-03"
    assert [listed.name for listed in previewed.candidates] == ["db-03", "db-02"]


def test_whom_commits_wait_for_comes_before_whom_nobody_waits_for():
    unwaited = replace(NEAR, is_waited_for=False)

    previewed = preview(Situation((PRIMARY, unwaited, FAR)))

    assert previewed.best.name == "db-02"


def test_a_switchover_loses_nothing_however_far_behind_the_other_is():
    (candidate,) = preview(led(FAR)).candidates

    assert candidate.is_certain
    assert candidate.lost_bytes == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"is_answering": False}, "does not answer", id="dead"),
        pytest.param({"may_lead": False}, "never to lead", id="nofailover"),
        pytest.param({"is_streaming": False}, "does not stream", id="dropped out"),
        pytest.param({"timeline": 3}, "another timeline", id="diverged"),
        pytest.param({"is_waited_for": False}, "do not wait", id="not synchronous"),
    ],
)
def test_a_server_that_cannot_take_over_says_why(change, reason):
    previewed = preview(led(replace(NEAR, **change)))

    assert previewed.best is None
    assert reason in previewed.candidates[0].reason
    assert reason in previewed.obstacle


def test_without_a_primary_it_is_a_failover():
    previewed = preview(leaderless(replace(NEAR, position=AFTER)))

    assert previewed.kind is OperationKind.FAILOVER
    assert previewed.primary is None
    assert previewed.best.name == "db-03"


def test_the_furthest_of_all_that_commits_wait_for_lost_nothing():
    previewed = preview(
        leaderless(replace(FAR, position=BEFORE), replace(NEAR, position=AFTER))
    )

    assert previewed.best.name == "db-03"
    assert previewed.candidate("db-03").is_certain
    assert not previewed.candidate("db-02").is_certain


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(FAR, position=AFTER, is_answering=False), id="dead"),
        pytest.param(replace(FAR, position=None), id="silent about its position"),
    ],
)
def test_nothing_is_certain_while_one_that_may_have_more_cannot_be_asked(other):
    previewed = preview(leaderless(other, replace(NEAR, position=AFTER)))

    assert not previewed.candidate("db-03").is_certain


def test_nothing_is_certain_where_commits_waited_for_nobody():
    previewed = preview(leaderless(replace(NEAR, position=AFTER), is_synchronous=False))

    assert not previewed.candidate("db-03").is_certain


def wanted(kind=OperationKind.FAILOVER, node="db-03", typed=""):
    return OperationRequest(kind, "The power is gone in room 1", node, typed=typed)


def test_who_may_lose_something_types_the_name():
    previewed = preview(leaderless(replace(NEAR, position=AFTER), is_synchronous=False))

    with pytest.raises(NotTyped, match="Type db-03 to confirm"):
        require_possible(previewed, wanted())
    with pytest.raises(NotTyped):
        require_possible(previewed, wanted(typed="db-02"))

    assert require_possible(previewed, wanted(typed="db-03")).name == "db-03"


@pytest.mark.parametrize(
    ("name", "said"),
    [("db-01", "db-01 leads already."), ("db-9", "could lead: choose db-03, db-02.")],
)
def test_a_server_that_is_no_candidate_is_refused_with_those_that_are(name, said):
    request = wanted(OperationKind.SWITCHOVER, name)

    with pytest.raises(CannotAct) as refused:
        require_possible(preview(led(NEAR, FAR)), request)

    assert str(refused.value).endswith(said)


def test_a_failover_is_refused_while_the_primary_answers():
    with pytest.raises(CannotAct, match="a switchover loses nothing"):
        require_possible(preview(led(NEAR)), wanted())


def test_a_switchover_is_refused_while_nobody_could_hand_over():
    previewed = preview(leaderless(replace(NEAR, position=AFTER)))

    with pytest.raises(CannotAct, match="needs a failover"):
        require_possible(previewed, wanted(OperationKind.SWITCHOVER))


@pytest.mark.parametrize("node", ["db-09", None, "db-01"])
def test_nobody_else_can_be_made_to_lead(node):
    with pytest.raises(CannotAct):
        require_possible(preview(led(NEAR)), wanted(OperationKind.SWITCHOVER, node))
