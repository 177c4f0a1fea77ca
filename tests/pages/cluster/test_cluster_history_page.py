"""History on screen: who changed what about the servers, and what it cost."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.cluster.operations import operation_history
from db.models.replication import ClusterOperation, Drill
from services.core.actors import Role
from tests.kit import cast
from tests.pages.cluster_samples import keep, now, operation, said
from tests.pages.conftest import Clinic, rows_of

pytestmark = pytest.mark.usefixtures("uneventful")


def test_nothing_yet(clinic: Clinic):
    app = clinic.open("cluster_history", Role.ADMIN)

    assert any("no switchover" in m.value for m in app.markdown)


def test_it_says_who_why_and_what_it_cost(clinic: Clinic, kept: Session):
    nobody = {"actor_name": "", "reason": "", "kind": "failover"}
    keep(
        kept,
        operation(),
        operation(**nobody, started_at=now() - timedelta(hours=1), lost_writes=3),
    )

    app = clinic.open("cluster_history", Role.ADMIN)

    mine, own = rows_of(app, "history_table")
    assert mine[1:7] == [
        *("Switchover: db-01 to db-02", cast.INES.name, "Tuesday practice"),
        *("0.8 s", "Nothing", "Done"),
    ]
    assert own[1:3] == ["Failover: db-01 to db-02", "By itself"]
    assert own[5] == "3 writes"
    assert [metric.value for metric in app.metric] == ["0.8 s", "0.8 s", "3"]


def test_a_failover_of_a_drill_says_who_practised_what(clinic: Clinic, kept: Session):
    nobody = {"actor_name": "", "reason": "", "kind": "failover"}
    began = now() - timedelta(hours=1)
    ended = began + timedelta(seconds=3)
    keep(
        kept,
        Drill(
            kind="lost-node",
            state="kept",
            actor_name=cast.INES.name,
            started_at=began - timedelta(seconds=4),
            ended_at=ended + timedelta(seconds=9),
            node="db-01",
        ),
        operation(**nobody, started_at=began, seen_at=ended, ended_at=ended),
    )

    app = clinic.open("cluster_history", Role.ADMIN)

    (row,) = rows_of(app, "history_table")
    assert row[1:4] == [
        *("Failover: db-01 to db-02", cast.INES.name),
        "Drill: Lost server",
    ]


def test_the_phases_and_steps_of_one_are_shown(
    clinic: Clinic, kept: Session, monkeypatch: pytest.MonkeyPatch
):
    keep(kept, operation())
    monkeypatch.setattr(operation_history, "_OPENED", "history_opened")
    app = clinic.start(Role.ADMIN)
    app.session_state["history_opened"] = operation_history.Operation(
        **{
            name: getattr(kept.scalars(select(ClusterOperation)).one(), name)
            for name in operation_history.Operation.__dataclass_fields__
            if name != "drill"
        }
    )

    app.switch_page("../pages/cluster/cluster_history.py").run()

    text = said(app.markdown)
    assert "Writers waited **0.84 s**" in text
    assert "Timeline 1 to 2" in text
    assert "Asked Patroni" in text
