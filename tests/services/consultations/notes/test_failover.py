"""Notes saved while the leader's PostgreSQL is killed: none lost, none doubled."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from db.embedded import Cluster
from db.postgres import SYSTEM
from services.consultations import notes
from tests.conftest import fresh_database
from tests.services.consultations.notes import samples
from tests.services.patients.clinic_samples import Clinic, open_clinic

pytestmark = pytest.mark.cluster
_VERSIONS = 60


@pytest.fixture
def clinic(breakable: Cluster) -> Iterator[Clinic]:
    with (
        fresh_database(breakable.addresses) as endpoints,
        open_clinic(endpoints) as clinic,
    ):
        yield clinic


def test_no_version_is_lost_or_doubled_when_the_leader_is_killed_while_saving(
    breakable: Cluster, clinic: Clinic
):
    dora, begun = clinic.dora, Event()

    def keep(session):
        return samples.visit(session, clinic.grace.id).id

    visit_id = clinic.database.write(keep, identity=SYSTEM).value

    def save_all():
        for number in range(_VERSIONS):
            typed = {"complaint": f"Sentence {number + 1}"}
            saved = clinic.write(
                dora,
                lambda s, n=number, t=typed: notes.save(s, dora, visit_id, t, number=n),
            )
            assert saved.latest.number == number + 1
            if number == _VERSIONS // 3:
                begun.set()

    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(save_all)
        assert begun.wait(60)
        os.kill(breakable.primary().postmaster().pid, signal.SIGKILL)
        saving.result(120)

    kept = clinic.read(dora, lambda s: notes.list_versions(s, dora, visit_id))
    assert [
        (version.number, version.notes.complaint) for version in reversed(kept)
    ] == [(number, f"Sentence {number}") for number in range(1, _VERSIONS + 1)]
