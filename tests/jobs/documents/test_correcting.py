"""Sound prescriptions that a former check reported as damaged are corrected once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import pytest

from db.mongo.audit_store import AuditFilter, AuditStore
from jobs.documents import integrity
from services.audit import chain
from services.audit.log import descriptions
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from tests.jobs.conftest import House


@pytest.fixture
def log(endpoints) -> Iterator[AuditStore]:
    """The audit log of the house."""
    with closing(AuditStore(endpoints.audit_url)) as store:
        yield store


def damaged(house: House, *, patient_id=None, prescription_id=None) -> None:
    """Record that a prescription is damaged; without ids, as an earlier version did."""
    row_id = uuid4()
    house.write(
        lambda s: audit.record(
            s,
            KEEPER,
            Action.PRESCRIPTION_DAMAGED,
            patient_id=patient_id or row_id,
            subject=("prescription", prescription_id or row_id),
            details={"version": 1, "found": "damaged"},
        )
    )


def ship(house: House, log: AuditStore) -> None:
    """Ship the waiting events to the log."""
    while house.write(lambda session: chain.ship(session, log)):
        pass


def explain(house: House, log: AuditStore) -> None:
    """Run a check, and then the explanation of false alarms."""
    integrity.check_all(house.database, house.files)
    integrity.explain_false_alarms(house.database, log)


def corrected_ids(house: House) -> list[str]:
    """Return the ids named by corrections that are yet to be shipped."""
    return [
        corrected
        for event in house.events(Action.AUDIT_CORRECT)
        for corrected in event.details["events"]
    ]


def test_false_events_are_named_by_their_ids_wherever_they_are(house, log):
    damaged(house)
    ship(house, log)
    damaged(house)
    shipped = log.find(AuditFilter(actions=frozenset({"prescription:damaged"})))
    (waiting,) = house.events(Action.PRESCRIPTION_DAMAGED)

    explain(house, log)

    assert set(corrected_ids(house)) == {str(shipped[0].id), str(waiting.id)}
    (event,) = house.events(Action.AUDIT_CORRECT)
    assert event.patient_id is None
    sentence = descriptions.describe(event.action, event.details)
    assert "These events are false" in sentence
    assert str(waiting.id) in sentence


def test_what_is_true_is_not_corrected(house, log):
    damaged(house, patient_id=uuid4(), prescription_id=uuid4())

    explain(house, log)

    assert corrected_ids(house) == []


def test_each_is_named_once_however_often_and_by_how_many_it_is_found(house, log):
    for _ in range(3):
        damaged(house)
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda _: explain(house, log), range(2)))
    first = corrected_ids(house)
    ship(house, log)
    damaged(house)

    explain(house, log)

    assert len(first) == len(set(first)) == 3
    assert len(corrected_ids(house)) == 1
    assert not set(corrected_ids(house)) & set(first)


def test_without_the_log_the_check_goes_on_and_the_next_one_explains(house, log):
    damaged(house)
    nowhere = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    with closing(AuditStore(nowhere)) as away:
        explain(house, away)
    assert corrected_ids(house) == []

    explain(house, log)

    assert len(corrected_ids(house)) == 1
