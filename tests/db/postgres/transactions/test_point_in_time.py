"""A real delayed standby: what it still shows, and that it waits."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest

from db import schema
from db.cluster.control_client import Control
from db.embedded import Cluster
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database, DelayedStandbys
from services.core.actors import Actor
from services.patients.records import patients
from tests.kit.breaking import ask
from tests.kit.cast import ADA
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

_DELAY_SECONDS = 6
_SECONDS = 60.0
TODAY = date(2026, 11, 20)


@pytest.fixture
def delayed(breakable: Cluster) -> Iterator[Endpoints]:
    """The cluster with a standby that stays a few seconds behind."""
    schema.bring_up_to_date(breakable.endpoints)
    control = Control.of(breakable.endpoints)
    assert control is not None
    name = control.add_replica(_DELAY_SECONDS)
    try:
        yield breakable.endpoints
    finally:
        control.remove_replica(name)


def test_without_one_there_is_no_past(endpoints: Endpoints):
    with closing(
        DelayedStandbys(lambda: replace(endpoints, delayed_urls={}))
    ) as standbys:
        assert standbys.nodes == ()
        assert standbys.database() is None


def test_a_record_is_there_as_it_was_while_the_standby_waits(
    breakable: Cluster, delayed: Endpoints, clerk: Actor
):
    control = Control.of(delayed)
    assert control is not None
    with (
        closing(Database(delayed)) as today,
        closing(DelayedStandbys(lambda: delayed)) as standbys,
    ):
        [node] = standbys.nodes
        made = today.write(
            lambda s: patients.register(s, clerk, ADA, today=TODAY), identity=SYSTEM
        ).value

        def shown():
            standby = standbys.database()
            assert standby is not None
            try:
                return standby.read(
                    lambda s: patients.look_up(s, clerk, made.id),
                    identity=clerk.database_identity,
                ).value
            except Exception:
                return None

        eventually(lambda: shown() is not None, seconds=_SECONDS)
        archived = today.write(
            lambda s: patients.archive(s, clerk, made.id, version=1), identity=SYSTEM
        )
        # By the standby's own clock, it would have been replayed a second ago.
        due = f"SELECT clock_timestamp() + interval '{_DELAY_SECONDS + 1} s'"
        due_at = ask(breakable, breakable.node(node), due)
        control.pause_replay(node, 60)
        is_due = (
            f"SELECT clock_timestamp() > '{due_at}'"
            f" AND pg_last_wal_receive_lsn() >= '{archived.lsn}'::pg_lsn"
        )
        eventually(lambda: ask(breakable, breakable.node(node), is_due))

        record = shown()
        assert record is not None
        assert not record.is_archived, "It did not wait."
        control.resume_replay(node)
        eventually(lambda: shown().is_archived, seconds=_SECONDS)
