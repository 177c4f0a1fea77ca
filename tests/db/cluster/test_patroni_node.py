"""Whom a server's Patroni lets it follow, by what is known of its log."""

from types import SimpleNamespace

import psycopg2
import pytest

from db.cluster import patroni_node
from db.cluster.patroni_node import CarefulFollower, LogEnd

_CLEAN = {
    "Database cluster state": "shut down",
    "Latest checkpoint's TimeLineID": "7",
    "Latest checkpoint location": "0/50",
}
_STOPPED = {
    "Database cluster state": "in archive recovery",
    "Min recovery ending loc's timeline": "7",
    "Minimum recovery ending location": "0/60",
}
_CRASHED = {"Min recovery ending loc's timeline": "0"} | {
    "Minimum recovery ending location": "0/0"
}


@pytest.mark.parametrize(
    ("control", "checkpoint_end", "end"),
    [
        pytest.param(_CLEAN, 0x58, LogEnd(7, 0x58), id="stopped in order"),
        pytest.param(_CLEAN, 0, None, id="a log that cannot be read"),
        pytest.param(_STOPPED, 0, LogEnd(7, 0x60), id="a replica"),
        pytest.param(_STOPPED | _CRASHED, 0, None, id="begun to be one"),
        pytest.param({"Database cluster state": "in production"}, 0, None, id="crash"),
        pytest.param({}, 0, None, id="nothing is known"),
    ],
)
def test_where_the_log_of_a_stopped_server_ends_is_known_from_what_it_noted(
    control: dict[str, str], checkpoint_end: int, end: LogEnd | None
):
    server = SimpleNamespace(controldata=lambda: control)
    rewind = SimpleNamespace(_get_checkpoint_end=lambda *_: checkpoint_end)

    assert patroni_node._stopped_end(server, rewind) == end


class PatroniOf(SimpleNamespace):
    """What a Patroni knows of its server, and of whom it could follow."""

    def __init__(self, *, is_running: bool, is_copy: bool = False) -> None:
        self.state_handler = SimpleNamespace(
            is_running=lambda: is_running,
            was_restored_from_backup=lambda: is_copy,
            controldata=dict,
            config=SimpleNamespace(local_replication_address={}),
            get_replication_connection_cursor=self.fail,
        )
        self.checks = 0
        self._rewind = SimpleNamespace(
            executed=False, failed=False, trigger_check_diverged_lsn=self.note
        )

    def note(self) -> None:
        self.checks += 1

    def fail(self) -> None:
        raise psycopg2.OperationalError("It does not answer.")


_LEADER = SimpleNamespace(name="db-02")
_CLUSTER = SimpleNamespace(leader=_LEADER)


def test_whoever_cannot_tell_follows_nobody_and_has_patroni_look():
    follower = CarefulFollower()

    for is_running in (True, False):
        its = PatroniOf(is_running=is_running)
        assert follower.choose(its, _CLUSTER, _LEADER) is None
        assert its.checks == 1


def test_a_copy_of_the_leader_follows_it_and_goes_on_until_it_is_down():
    follower = CarefulFollower()
    copy = PatroniOf(is_running=False, is_copy=True)
    running, down = PatroniOf(is_running=True), PatroniOf(is_running=False)

    assert follower.choose(copy, _CLUSTER, _LEADER) is _LEADER
    assert follower.choose(running, _CLUSTER, _LEADER) is _LEADER
    assert follower.choose(down, _CLUSTER, _LEADER) is None
    assert follower.choose(running, _CLUSTER, _LEADER) is None


def test_who_is_just_rewound_follows():
    its = PatroniOf(is_running=False)
    its._rewind.executed = True

    assert CarefulFollower().choose(its, _CLUSTER, _LEADER) is _LEADER

    its._rewind.failed = True

    assert CarefulFollower().choose(its, _CLUSTER, _LEADER) is None


def test_who_follows_another_than_the_primary_may():
    its, other = PatroniOf(is_running=True), SimpleNamespace(name="db-03")

    assert CarefulFollower().choose(its, _CLUSTER, other) is other
    assert CarefulFollower().choose(its, _CLUSTER, None) is None
