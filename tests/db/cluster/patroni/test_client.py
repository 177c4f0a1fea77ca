"""How Patroni's answers are read, and which member is asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import MappingProxyType

import pytest

from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
from db.cluster.patroni.members import members_of, promotions_of
from db.endpoints import Endpoints
from db.postgres import Lsn

ANSWER = {
    "members": [
        {"name": "db-01", "role": "leader", "state": "running", "timeline": 7},
        {
            "name": "db-02",
            "role": "quorum_standby",
            "state": "streaming",
            "timeline": 7,
            "replay_lag": 12,
            "replay_lsn": "0/4F71E40",
            "host": "10.0.0.2",
            "port": 5432,
            "tags": {"nofailover": True},
            "pending_restart": True,
        },
        {
            "name": "db-03",
            "role": "replica",
            "state": "start failed",
            "replay_lag": "unknown",
            "replay_lsn": "unknown",
        },
    ],
    "pause": True,
    "scheduled_switchover": {"at": "2026-11-20T20:00:00+00:00", "from": "db-01"},
}


def test_members_are_read_with_their_roles_and_lags():
    cluster = members_of(ANSWER)
    second, third = cluster.member("db-02"), cluster.member("db-03")

    assert cluster.leader.name == "db-01"
    assert second.is_streaming
    assert second.is_waited_for
    assert not second.may_lead
    assert second.is_restart_pending
    assert (second.lag_bytes, second.lsn) == (12, Lsn.parse("0/4F71E40"))
    assert second.address == "10.0.0.2:5432"
    assert (third.lag_bytes, third.lsn, third.is_streaming) == (None, None, False)


def test_a_pause_and_a_planned_switchover_are_told():
    cluster = members_of(ANSWER)

    assert cluster.is_paused
    assert cluster.planned.at == datetime(2026, 11, 20, 20, tzinfo=UTC)
    assert (cluster.planned.leader, cluster.planned.candidate) == ("db-01", None)


def test_where_timelines_ended_is_read_whatever_patroni_leaves_out():
    promotions = promotions_of(
        [
            [1, 83304000, "no recovery target specified"],
            [2, 84344832, "why", "2026-11-20T19:32:26.429278+00:00", "db-02"],
        ]
    )

    assert [promotion.new_timeline for promotion in promotions] == [2, 3]
    assert (promotions[0].leader, promotions[0].at) == (None, None)
    assert promotions[1].lsn == Lsn(84344832)
    assert promotions[1].leader == "db-02"


def test_any_member_answers_for_all(endpoints: Endpoints):
    urls = {"db-00": "http://127.0.0.1:1"} | endpoints.patroni_urls
    patroni = Patroni(replace(endpoints, patroni_urls=urls))

    assert patroni.cluster().leader is not None
    assert patroni.config()["synchronous_mode"] == "quorum"
    assert not patroni.answers("db-00")


def test_nobody_commands_without_the_password(endpoints: Endpoints):
    patroni = Patroni(replace(endpoints, patroni_password="wrong"))

    with pytest.raises(PatroniRefused):
        patroni.patch_config({"ttl": 20})


def test_where_no_member_answers_that_is_said(endpoints: Endpoints):
    nowhere = replace(endpoints, patroni_urls={"db-01": "http://127.0.0.1:1"})

    with pytest.raises(PatroniSilent):
        Patroni(nowhere).cluster()
    with pytest.raises(PatroniSilent):
        Patroni(nowhere).pause()


def test_a_member_that_no_setting_names_is_silent(endpoints: Endpoints):
    with pytest.raises(PatroniSilent):
        Patroni(endpoints).state_of("db-99")


def test_other_addresses_are_taken_over(endpoints: Endpoints):
    patroni = Patroni(replace(endpoints, patroni_urls={}))

    assert not patroni.is_there
    patroni.adopt(endpoints)
    assert patroni.names == tuple(endpoints.patroni_urls)


@pytest.mark.parametrize("cut", ["", '{"members": [{"name": "db-0'])
def test_one_that_dies_while_it_answers_has_said_nothing(
    endpoints: Endpoints, cut: str
):
    with (
        patroni_that_says(cut, endpoints) as patroni,
        pytest.raises(PatroniSilent),
    ):
        patroni.cluster()
    with patroni_that_says(cut, endpoints, endpoints.patroni_urls) as patroni:
        assert patroni.cluster().leader


@contextmanager
def patroni_that_says(
    words: str, endpoints: Endpoints, others: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Patroni]:
    """Yield a client whose first Patroni gives this answer to everything.

    It refuses commands with that answer; `others` are the addresses of other members.
    """

    class Member(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(words.encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503)
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Member) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield Patroni(replace(endpoints, patroni_urls={"first": url, **others}))
        server.shutdown()


def test_a_failover_that_patroni_still_tries_has_not_failed(endpoints: Endpoints):
    with patroni_that_says("Failover status unknown", endpoints) as patroni:
        patroni.failover("db-02")


def test_a_failover_that_failed_is_refused(endpoints: Endpoints):
    with (
        patroni_that_says("Failover failed", endpoints) as patroni,
        pytest.raises(PatroniRefused, match="Failover failed"),
    ):
        patroni.failover("db-02")


def test_once_etcd_has_just_answered_one_member_no_other_is_asked(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
):
    members: list[str] = []
    state_of = Patroni.state_of

    def note(patroni: Patroni, member: str) -> Mapping[str, object]:
        members.append(member)
        return state_of(patroni, member)

    monkeypatch.setattr(Patroni, "state_of", note)
    for seconds, others in ((1, []), (60, list(endpoints.patroni_urls))):
        last = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=seconds)
        words = f'{{"dcs_last_seen": {int(last.timestamp())}}}'
        members.clear()
        with patroni_that_says(words, endpoints, endpoints.patroni_urls) as patroni:
            seen_at = patroni.etcd_seen_at()

        assert members[0] == "first"
        assert set(members[1:]) <= set(others)
        assert bool(members[1:]) == bool(others)
        assert seen_at is not None
        assert seen_at > last if others else seen_at == last
