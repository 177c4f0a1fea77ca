"""Which server Patroni lets its own server follow, by what is known of its log."""

from types import SimpleNamespace

import psycopg2
import pytest

from db.cluster import patroni_node
from db.cluster.patroni_node import CarefulFollower, LogEnd, UpstreamOfStarting

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
    """A Patroni's knowledge of its server, and of those that it could follow."""

    def __init__(
        self,
        *,
        is_running: bool,
        is_copy: bool = False,
        is_primary: bool = False,
        is_paused: bool = False,
        is_at_standby_site: bool = False,
    ) -> None:
        self.state_handler = SimpleNamespace(
            is_running=lambda: is_running,
            is_primary=lambda: is_primary,
            was_restored_from_backup=lambda: is_copy,
            controldata=dict,
            config=SimpleNamespace(local_replication_address={}),
            get_replication_connection_cursor=self.fail,
        )
        self.checks = 0
        self.is_paused = lambda: is_paused
        self.is_standby_cluster = lambda: is_at_standby_site
        self._rewind = SimpleNamespace(
            executed=False, failed=False, trigger_check_diverged_lsn=self.note
        )

    def note(self) -> None:
        self.checks += 1

    def fail(self) -> None:
        raise psycopg2.OperationalError("It does not answer.")


_LEADER = SimpleNamespace(name="db-02", conn_url="postgres://db-02", conn_kwargs=dict)
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


def test_at_a_site_that_follows_another_its_leader_is_followed_until_it_is_promoted():
    follower = CarefulFollower()
    its = PatroniOf(is_running=True, is_at_standby_site=True)

    assert follower.choose(its, _CLUSTER, _LEADER) is _LEADER
    assert follower.choose(its, _CLUSTER, _LEADER) is _LEADER
    assert its.checks == 0

    its.is_standby_cluster = lambda: False
    assert follower.choose(its, _CLUSTER, _LEADER) is None
    assert its.checks == 1


@pytest.mark.parametrize("is_running", [False, True], ids=["down", "starting"])
def test_who_is_just_rewound_follows_also_while_it_cannot_say_where_it_ends(is_running):
    its = PatroniOf(is_running=is_running)
    its._rewind.executed = True

    assert CarefulFollower().choose(its, _CLUSTER, _LEADER) is _LEADER


def test_what_could_not_be_rewound_is_not_tried_again():
    its = PatroniOf(is_running=False)
    its._rewind.executed = its._rewind.failed = True

    assert CarefulFollower().choose(its, _CLUSTER, _LEADER) is None
    assert its.checks == 0


def test_who_follows_goes_on_where_nobody_holds_the_key_for_a_round():
    follower, running = CarefulFollower(), PatroniOf(is_running=True)
    copy = PatroniOf(is_running=False, is_copy=True)
    follower.choose(copy, _CLUSTER, _LEADER)

    assert follower.choose(running, SimpleNamespace(leader=None), None) is None
    assert follower.choose(running, _CLUSTER, _LEADER) is _LEADER


@pytest.mark.parametrize("state", ["is_primary", "is_paused"])
def test_who_still_leads_is_stopped_at_once_and_who_is_paused_is_left_alone(state):
    its = PatroniOf(is_running=True, **{state: True})

    assert CarefulFollower().choose(its, _CLUSTER, _LEADER) is _LEADER
    assert its.checks == 0


def test_a_leader_without_an_address_is_not_followed():
    """Without an address, the server asked may be itself."""
    nowhere = SimpleNamespace(name="db-02", conn_url=None)
    its = PatroniOf(is_running=True)
    its._rewind.executed = True

    assert CarefulFollower().choose(its, _CLUSTER, nowhere) is None


class Starting(SimpleNamespace):
    """A Patroni whose server has been starting for a while, told to follow a site."""

    def __init__(self, *, seconds: float = 6.0, leader: str | None = "db-02") -> None:
        self.reloads = list[str]()
        self.cluster = SimpleNamespace(
            leader=leader and SimpleNamespace(name=leader, slot=leader)
        )
        config = SimpleNamespace(
            _recovery_params={"primary_slot_name": "site_north"},
            build_recovery_params=lambda node: {
                "standby_mode": "on",
                "primary_slot_name": node.slot,
            },
            write_recovery_conf=self.take,
            write_postgresql_conf=lambda: None,
        )
        self.state_handler = SimpleNamespace(
            name="db-01",
            config=config,
            is_starting=lambda: True,
            is_running=lambda: True,
            time_in_state=lambda: seconds,
            reload=self.reload,
        )
        self.is_paused = lambda: False

    def _get_node_to_follow(self, cluster: SimpleNamespace) -> SimpleNamespace:
        return cluster.leader

    def take(self, params: dict[str, str]) -> None:
        params.pop("standby_mode")
        self.state_handler.config._recovery_params = params

    def reload(self, *, block_callbacks: bool) -> None:
        assert block_callbacks
        known = self.state_handler.config._recovery_params
        self.reloads.append(known["primary_slot_name"])


def test_who_starts_while_another_begins_to_lead_is_told_once_whom_to_follow():
    its, upstream = Starting(), UpstreamOfStarting()

    upstream.look(its)
    upstream.look(its)
    assert its.reloads == ["db-02"]

    its.cluster.leader = SimpleNamespace(name="db-03", slot="db-03")
    upstream.look(its)
    assert its.reloads == ["db-02", "db-03"]


@pytest.mark.parametrize(
    ("seconds", "leader"),
    [
        pytest.param(1.0, "db-02", id="a start that may end at once"),
        pytest.param(6.0, None, id="nobody leads"),
        pytest.param(6.0, "db-01", id="it leads itself"),
    ],
)
def test_nothing_is_changed_of_a_start_where(seconds: float, leader: str | None):
    its = Starting(seconds=seconds, leader=leader)

    UpstreamOfStarting().look(its)

    assert its.reloads == []


class Answers:
    """A cursor on a server that returns the end of its log, and its history."""

    def __init__(self, end: LogEnd, history: str = "") -> None:
        self._rows = iter(
            [
                ("1", end.timeline, f"0/{end.position:X}", None),
                ("x", history.encode()),
            ]
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def execute(self, _):
        return None

    def fetchone(self):
        return next(self._rows)


@pytest.mark.parametrize(
    ("own", "leader", "history", "is_rewind_needed", "follows"),
    [
        pytest.param((7, 0x60), (7, 0x60), "", False, True, id="as far"),
        pytest.param((7, 0x61), (7, 0x60), "", False, False, id="ahead"),
        pytest.param((7, 0x50), (7, 0x60), "", True, False, id="of another with 7"),
        pytest.param((7, 0x50), (8, 0x90), "7\t0/58\tx\n", False, True, id="before"),
        pytest.param((7, 0x60), (8, 0x90), "7\t0/58\tx\n", False, False, id="beyond"),
        pytest.param((6, 0x10), (8, 0x90), "7\t0/58\tx\n", False, False, id="foreign"),
        pytest.param((8, 0x10), (7, 0x90), "", False, False, id="of a later one"),
    ],
)
def test_the_leader_has_all_of_a_log_that_ends_where_it_was_or_is(
    own, leader, history, is_rewind_needed, follows
):
    server = SimpleNamespace(
        get_replication_connection_cursor=lambda **_: Answers(LogEnd(*leader), history)
    )
    rewind = SimpleNamespace(
        rewind_or_reinitialize_needed_and_possible=lambda _: is_rewind_needed
    )

    assert patroni_node._has_all(server, _LEADER, LogEnd(*own), rewind) is follows


@pytest.mark.parametrize(
    ("replayed", "state", "next_record", "end"),
    [
        pytest.param(0x58, None, b"", 0x58, id="half a record"),
        pytest.param(0x58, None, b"rmgr: Heap", 0x60, id="not replayed yet"),
        pytest.param(0x58, None, None, 0x60, id="its log cannot be read"),
        pytest.param(0x58, "streaming", b"", 0x60, id="the rest may come"),
        pytest.param(0x60, None, b"", 0x60, id="whole"),
        pytest.param(None, None, b"", 0x60, id="nothing replayed"),
    ],
)
def test_the_beginning_of_a_record_whose_rest_is_lost_is_no_log(
    replayed, state, next_record, end
):
    """Otherwise a replica that received it would follow nobody for ever."""
    server = SimpleNamespace(
        config=SimpleNamespace(local_replication_address={}),
        get_replication_connection_cursor=lambda **_: Answers(LogEnd(7, 0x60)),
        replay_lsn=lambda: replayed,
        replication_state=lambda: state,
        waldump=lambda *_: (next_record, b""),
    )

    assert patroni_node._running_end(server) == LogEnd(7, end)


def test_who_follows_another_than_the_primary_may():
    its, other = PatroniOf(is_running=True), SimpleNamespace(name="db-03")

    assert CarefulFollower().choose(its, _CLUSTER, other) is other
    assert CarefulFollower().choose(its, _CLUSTER, None) is None
