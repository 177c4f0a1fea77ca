"""All servers side by side: running, without an answer, nearly full, or none."""

from datetime import timedelta

import pytest

from dashboard.cluster.monitoring import server_table
from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.record_table import TableEvent
from db.cluster.observing import ClusterMonitor, ClusterSnapshot
from services.core.actors import Role
from tests.dashboard.cluster.monitoring.samples import (
    AT,
    lost,
    primary,
    replica,
    snapshot,
)
from tests.kit.german_pages import left_english
from tests.pages.cluster_samples import said
from tests.pages.conftest import Clinic, rows_of

pytestmark = pytest.mark.usefixtures("uneventful")
FACTS = {
    "version": "18.6",
    "started_at": AT - timedelta(hours=2, minutes=10),
    "disk_free_bytes": 60_000_000_000,
    "disk_total_bytes": 100_000_000_000,
    "connections": 12,
    "connections_max": 100,
}


@pytest.fixture
def servers(clinic: Clinic, monkeypatch: pytest.MonkeyPatch):
    """Open the page with the servers in this state."""

    def open_(seen: ClusterSnapshot, role: Role = Role.ADMIN):
        monkeypatch.setattr(ClusterMonitor, "latest", lambda _: seen)
        return clinic.open("one_server", role)

    return open_


def members(app):
    return rows_of(app, "servers_members")


def test_each_server_says_what_an_administrator_looks_for(servers):
    app = servers(
        snapshot(
            replica("db-02", 7.5, **FACTS),
            primary(**FACTS),
            etcd_seen_at=AT,
        )
    )

    first, second = members(app)
    assert first[:4] == ["db-01", "Primary", "7", "–"]
    assert first[4].startswith("2 h 10 min, since ")
    assert first[5:] == ["18.6", "40% used, 60.0 GB free", "12 of 100"]
    assert second[:4] == ["db-02", "Replica, behind", "7", "7.5 s"]
    assert "etcd answers." in said(app.caption)
    # MongoDB is shown beside them.
    assert rows_of(app, "replication_files")


def test_of_a_server_without_an_answer_nothing_old_is_told(servers):
    app = servers(snapshot(primary(**FACTS), lost("db-02", 12)))

    _, silent = members(app)
    assert silent[0] == "db-02"
    assert silent[2:] == ["–", "–", "last answered 12 s ago", "–", "–", "–"]


def test_what_nobody_knows_of_a_server_is_said_to_be_unknown(servers):
    ((_name, _role, *facts),) = members(servers(snapshot(primary())))

    assert facts == ["7", "–", *["not known"] * 4]


def test_a_silent_etcd_and_none_at_all_are_told(servers):
    silent = snapshot(primary(), etcd_seen_at=AT - timedelta(seconds=90))
    assert "etcd has not answered for 1 min 30 s." in said(servers(silent).caption)

    alone = snapshot(primary(), has_patroni=False)
    assert "Without Patroni and etcd no server takes over" in said(
        servers(alone).caption
    )


def test_before_any_server_is_known_the_page_says_so(servers):
    app = servers(snapshot())

    assert "No server is known yet." in said(app.markdown)


def test_another_server_is_chosen_by_its_address(servers, clinic):
    app = clinic.open("one_server", Role.ADMIN)
    names = app.selectbox(key="server_name").options

    app = clinic.at_page(app, "one_server", node=names[-1]).run()
    assert app.selectbox(key="server_name").value == names[-1]
    # A choice made by hand afterwards stays.
    app.selectbox(key="server_name").set_value(names[0]).run()
    assert app.selectbox(key="server_name").value == names[0]


def test_an_address_that_is_followed_again_chooses_its_server_again(clinic):
    app = clinic.open("one_server", Role.ADMIN)
    last = app.selectbox(key="server_name").options[-1]
    clinic.at_page(app, "one_server", node=last).run()
    assert app.selectbox(key="server_name").value == last

    clinic.at_page(app, "cluster_history").run()
    clinic.at_page(app, "one_server", node=last).run()

    assert app.selectbox(key="server_name").value == last


def test_a_click_into_the_table_chooses_also_what_the_address_names_already(
    clinic, monkeypatch
):
    app = clinic.open("one_server", Role.ADMIN)
    first, *_, last = app.selectbox(key="server_name").options
    clinic.at_page(app, "one_server", node=last).run()
    app.selectbox(key="server_name").set_value(first).run()
    clicks = [TableEvent(opened=last)]
    monkeypatch.setattr(
        server_table,
        "record_table",
        lambda *_, **__: clicks.pop() if clicks else TableEvent(),
    )

    app.run()

    assert app.selectbox(key="server_name").value == last


def test_all_of_it_is_german(servers, clinic):
    clinic.speak_german(Role.ADMIN)
    with using_language(GERMAN):
        app = servers(snapshot(primary(**FACTS), lost("db-02"), etcd_seen_at=AT))
        assert left_english(app) == set()
