"""The servers on screen: as they are now, and through time."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.cluster.monitoring.files_database import summary_of
from db.cluster.observing import ClusterMonitor
from db.cluster.site_position import SitePosition, SiteReader
from db.files.gridfs import FileStore, FileStoreUnavailable
from services.cluster.monitoring import FilesState
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from tests.dashboard.cluster.monitoring.samples import leaderless
from tests.pages.chart_numbers import opened_tools, tools_of
from tests.pages.cluster_samples import (
    charts_of,
    keep,
    now,
    operation,
    said,
    sample,
    shown,
)
from tests.pages.conftest import Clinic

pytestmark = pytest.mark.usefixtures("uneventful")

# The columns of the table below each chart.
SHOWN_BELOW = {
    "Replication lag": [
        "At",
        "Server",
        "Replay s",
        "Replay s, worst",
        "Flush s",
        "Write s",
        "Bytes",
        "Bytes, worst",
    ],
    "Lag of each server": ["At", "Server", "Replay s", "Replay s, worst"],
    "WAL rate": ["At", "Primary", "Bytes a second"],
}


def test_one_sentence_says_whether_the_records_are_safe(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    assert said(app.success).startswith("Safe: 2 of 2 replicas streaming")


def test_each_way_on_stands_once(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    ways = [button.label for button in app.button]
    ways += [link.proto.label for link in app.get("page_link")]
    assert {ways.count(way) for way in ("Change the primary", "Cluster settings")} == {
        1
    }


def test_every_server_is_drawn_and_told(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    cards = shown(app, "replication_servers")
    drawn = shown(app, "replication_topology")
    assert [card["part"] for card in cards] == ["Primary", "Replica", "Replica"]
    assert all(card["name"] in drawn["wide"] for card in cards)
    assert all(f"{card['name']}: " in drawn["description"] for card in cards)


def test_that_somebody_looks_is_written_down_now_and_then(clinic: Clinic):
    before = len(clinic.audit("replication:read"))

    app = clinic.open("replication", Role.ADMIN)
    app.run()

    assert len(clinic.audit("replication:read")) == before + 1


def test_without_a_primary_the_page_works_and_says_since_when(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ClusterMonitor, "latest", lambda _: leaderless(12))
    before = len(clinic.audit("replication:read"))

    app = clinic.open("replication", Role.ADMIN)

    assert "no server takes changes for 12 s" in said(app.error)
    assert "**Next:**" in said(app.error)
    assert "No server has led since 10:30:52, for 12 s" in said(app.caption)
    assert len(shown(app, "replication_servers")) == 2
    # An event would need a primary.
    assert len(clinic.audit("replication:read")) == before


def standby_site(behind: timedelta, *, are_files_known: bool = True) -> SitePosition:
    """Return a standby site whose files are this far behind, and its rows current."""
    at = datetime.now(UTC)
    files_at = at - behind if are_files_known else None
    return SitePosition("north", ("10.0.0.1:5432",), at, files_at)


def test_at_a_standby_site_the_page_says_so_and_whom_it_follows(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ClusterMonitor, "latest", lambda _: leaderless(12))
    site = standby_site(timedelta(seconds=8))
    monkeypatch.setattr(SiteReader, "position", lambda _: site)

    app = clinic.open("replication", Role.ADMIN)

    assert site.as_of is not None
    assert "Standby site north: as of " in said(app.info)
    assert "Nothing is saved here until it is promoted." in said(app.info)
    assert "It follows 10.0.0.1:5432." in said(app.caption)
    assert "no server takes changes" not in said(app.error)
    # This site has no primary that could be changed.
    assert "replication_change" not in {button.key for button in app.button}


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (standby_site(timedelta(seconds=90)), "behind. Nothing is saved here"),
        (standby_site(timedelta(), are_files_known=False), "is not known"),
    ],
    ids=["late", "silent"],
)
def test_a_standby_site_that_is_late_or_does_not_know_is_warned_of(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, site: SitePosition, words: str
):
    monkeypatch.setattr(SiteReader, "position", lambda _: site)

    app = clinic.open("replication", Role.ADMIN)

    assert words in said(app.warning)
    assert "Standby site north" in said(app.warning)


@pytest.fixture
def waiting(clinic: Clinic, clerk: Actor) -> Iterator[Path]:
    """The spool in which two looks at records wait on this machine's disk."""
    folder = clinic.wiring.settings.data / "spool"
    for _ in range(2):
        clinic.wiring.audit_spool.keep([audit.event_of(clerk, Action.PATIENT_LIST)])
    clinic.wiring.audit_spool.close()
    yield folder
    shutil.rmtree(folder)


def test_what_waits_for_the_audit_log_is_said_and_what_to_do(clinic: Clinic, waiting):
    app = clinic.open("replication", Role.ADMIN)

    warning = said(app.warning)
    assert (
        "2 record views are waiting on this web server's disk for the audit log"
        in warning
    )
    assert "**Next:** Wait a minute" in warning


def test_without_a_primary_it_is_right_that_it_waits(
    clinic: Clinic, waiting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ClusterMonitor, "latest", lambda _: leaderless(12))

    app = clinic.open("replication", Role.ADMIN)

    assert "2 record views are waiting on this web server's disk" in said(app.caption)
    assert "2 looks" not in said(app.warning)


def test_what_somebody_has_changed_in_the_spool_is_said(clinic: Clinic, waiting):
    (waiting / "a1b2c3.damaged").write_bytes(b"changed")

    app = clinic.open("replication", Role.ADMIN)

    assert "Somebody has changed 1 file of record views" in said(app.warning)


def test_of_an_empty_spool_nothing_is_said(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    assert "audit log" not in said(app.warning)


def test_these_servers_are_not_ours_so_the_ttl_rules(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    assert any("(ttl)" in text.value for text in app.markdown)
    assert "Nothing here can prove" in said(app.caption)


def opened(clinic: Clinic, period: str) -> AppTest:
    app = clinic.open("replication", Role.ADMIN)
    return app.radio(key="replication_period").set_value(period).run()


def test_live_needs_no_samples(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    assert len(charts_of(app)) == 3
    assert "As seen by this web server" in said(app.caption)


def test_a_month_without_samples_says_who_keeps_them(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ClusterMonitor, "recent", lambda _: ())

    app = opened(clinic, "30 days")

    assert any("Nothing was recorded for this time" in m.value for m in app.markdown)


def test_kept_samples_are_charted_with_their_worst(clinic: Clinic, kept: Session):
    keep(kept, sample(30, replay_lag_max=7.4), sample(31, node="db-03"))

    lag, strip, _ = charts_of(opened(clinic, "1 hour"))

    assert "db-02: at most 7.4 s." in lag
    assert "db-02" in strip
    assert "up to 10 s" in strip


def test_the_alerts_threshold_a_gap_and_the_numbers_are_told(
    clinic: Clinic, kept: Session
):
    keep(kept, sample(30), sample(20, role="primary"), sample(10))

    app = opened(clinic, "1 hour")

    assert "An alert begins at a lag of 10 s." in said(app.caption)
    assert "db-02 has a gap from" in said(app.caption).replace("\\", "")
    # They are not open yet: a chart that is redrawn each second sends no numbers.
    assert tools_of(app).keys() == SHOWN_BELOW.keys()
    assert not [
        tools for tools in tools_of(app).values() if {"table", "csv"} & set(tools)
    ]
    below = opened_tools(app)
    assert below.keys() == SHOWN_BELOW.keys()
    for name, header in SHOWN_BELOW.items():
        table = below[name]["table"]
        assert table["header"] == header
        assert list(csv.reader(below[name]["csv"].splitlines())) == [
            header,
            *table["rows"],
        ]
    # Only these servers have samples from that long ago.
    before = (now() - timedelta(minutes=5)).isoformat()
    kept_rows = {
        name: len([row for row in each["table"]["rows"] if row[0] < before])
        for name, each in below.items()
    }
    assert kept_rows == {"Replication lag": 2, "Lag of each server": 2, "WAL rate": 1}


@pytest.mark.parametrize(
    ("period", "chosen", "minutes"),
    [
        ("1 hour", "The period before", 60),
        ("1 hour", "A day before", 24 * 60),
        ("24 hours", "A week before", 7 * 24 * 60),
    ],
)
def test_an_earlier_period_lies_under_the_one_that_is_shown(
    clinic: Clinic, kept: Session, period: str, chosen: str, minutes: int
):
    kept_as = {"resolution": 10 if minutes == 60 else 300}
    keep(kept, sample(30, replay_lag=0.25))
    keep(
        kept,
        sample(minutes + 30, replay_lag=0.5, **kept_as),
        sample(minutes + 30, node="db-03", replay_lag=1.5, **kept_as),
    )
    app = opened(clinic, period)

    app.selectbox(key="replication_compared").set_value(chosen).run()

    (drawn,) = lines_under(app)
    assert [row["value"] for row in drawn] == [1.5]
    assert "of all replicas the one that was furthest behind" in said(app.caption)


def test_of_an_earlier_period_without_samples_it_is_said(clinic: Clinic, kept: Session):
    keep(kept, sample(30))
    app = opened(clinic, "1 hour")

    app.selectbox(key="replication_compared").set_value("A week before").run()

    assert lines_under(app) == []
    assert "A week before: nothing was recorded for that time." in said(app.caption)


def test_what_moves_along_is_compared_with_nothing(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    assert "replication_compared" not in {box.key for box in app.selectbox}


def lines_under(app: AppTest) -> list[list[dict[str, float]]]:
    """Return the dotted lines below the chart of lags."""
    lag = app.get("vega_lite_chart")[0]
    return [
        layer["data"]["values"]
        for layer in json.loads(lag.proto.spec)["layer"]
        if layer["mark"].get("strokeDash") == [2, 3]
    ]


def test_one_can_go_to_what_happened_and_back(clinic: Clinic, kept: Session):
    at = now() - timedelta(minutes=20)
    keep(kept, sample(20), operation(started_at=at, ended_at=at))
    app = opened(clinic, "1 hour")

    chosen = app.selectbox(key="replication_event")
    assert "Switchover: db-01 to db-02" in chosen.options[0]
    chosen.select_index(0).run()

    assert any(
        " to " in caption.value for caption in app.caption if "Samples" in caption.value
    )
    app.button(key="replication_zoom_out").click().run()
    assert app.selectbox(key="replication_event").value is None


def test_the_address_shows_others_the_same_time(clinic: Clinic, kept: Session):
    at = now() - timedelta(minutes=20)
    keep(kept, sample(20), operation(started_at=at, ended_at=at))
    app = opened(clinic, "1 hour")
    app.selectbox(key="replication_event").select_index(0).run()
    (zoomed,) = samples_said(app)

    times = {name: app.query_params[name] for name in ("since", "until")}
    other = clinic.open("replication", Role.ADMIN, replication_period="1 hour", **times)

    assert samples_said(other) == [zoomed]
    assert " to " in zoomed
    app.button(key="replication_zoom_out").click().run()
    assert not {"since", "until"} & set(app.query_params)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("yesterday", "2026-11-26T06:00:00Z"),
        ("2026-11-26T05:00:00", "2026-11-26T06:00:00"),
        ("2026-11-26T06:00:00Z", "2026-11-26T05:00:00Z"),
        ("2020-11-26T06:00:00Z", "2026-11-26T06:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z"),
    ],
)
def test_a_time_in_the_address_that_is_none_leaves_the_whole_period(
    clinic: Clinic, kept: Session, since: str, until: str
):
    keep(kept, sample(20))
    times = {"since": since, "until": until}
    app = clinic.open("replication", Role.ADMIN, replication_period="1 hour", **times)

    (whole,) = samples_said(app)
    assert "until" in whole


def samples_said(app: AppTest) -> list[str]:
    """Return the captions about the period that the charts show."""
    return [c.value for c in app.caption if c.value.startswith("Samples")]


def test_mongodbs_servers_are_shown_beside_postgresqls(clinic: Clinic):
    app = clinic.open("replication", Role.ADMIN)

    (row,) = shown(app, "replication_files")["rows"]
    assert "Primary" in str(row)
    assert "The oplog reaches back" in said(app.caption)
    assert "free." in said(app.caption)


def test_a_mongodb_that_does_not_answer_is_said_and_all_else_is_shown(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    def gone(_: FileStore, **__: object) -> None:
        raise FileStoreUnavailable

    monkeypatch.setattr(FileStore, "state", gone)

    app = clinic.open("replication", Role.ADMIN)

    assert "MongoDB, which keeps the files, is not responding." in said(app.error)
    assert len(shown(app, "replication_servers")) == 3


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (FilesState((), 1, 1000), "1 file takes 1.0 kB."),
        (FilesState((), 2, 0, 5, 10), "2 files take 0 B. 5 B of 10 B are free."),
        (FilesState((), 0, 0), "This login may not see how far back the oplog"),
        (FilesState((), 0, 0, log_seconds=7200.0), "reaches back 2 h: a server"),
    ],
)
def test_what_is_kept_is_summed_up_in_a_line(state: FilesState, sentence: str):
    assert sentence in summary_of(state)


@pytest.mark.parametrize(("silent_seconds", "is_warned"), [(3, False), (45, True)])
def test_an_etcd_that_does_not_answer_is_told(
    clinic: Clinic,
    monkeypatch: pytest.MonkeyPatch,
    silent_seconds: float,
    is_warned: bool,
):
    seen = leaderless(12)
    at = seen.taken_at - timedelta(seconds=silent_seconds)
    monkeypatch.setattr(
        ClusterMonitor, "latest", lambda _: replace(seen, etcd_seen_at=at)
    )

    app = clinic.open("replication", Role.ADMIN)

    assert ("etcd has not answered for 45 s" in said(app.warning)) is is_warned
