"""A document's facts are changed by those who may, one at a time."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.core.errors import NotAllowed
from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import InvalidDocument, StaleRevision
from services.documents.records.kinds import Classification, DocumentType
from services.patients.records import patients
from tests.kit.audit_events import events_of
from tests.kit.cast import DORA, ada, add_actor, have_treated
from tests.services.documents.records.samples import content, file


def changed(document, **changes):
    return replace(ChangedDocument.of(document), **changes)


def test_every_fact_can_be_changed(session, clerk, filed):
    wanted = ChangedDocument(
        title="Blood count, repeated",
        document_type=DocumentType.LAB_REPORT,
        classification=Classification.ADMINISTRATIVE,
        description="Second run",
        metadata={"run": 2},
        patient_id=None,
        dated_on=date(2026, 1, 31),
    )

    after = records.change(session, clerk, filed.id, wanted, revision=1)

    assert ChangedDocument.of(after) == wanted
    assert (after.revision, after.latest) == (2, 1)
    assert records.get(session, clerk, filed.id) == after


def test_an_unfiled_document_is_filed_later_and_both_can_be_asked_about_it(
    session, clerk, today, patient
):
    other = patients.register(session, clerk, ada(email="b@example.org"), today=today)
    unfiled = file(session, clerk)

    first = changed(unfiled, patient_id=patient.id)
    records.change(session, clerk, unfiled.id, first, revision=1)
    second = changed(unfiled, patient_id=other.id)
    records.change(session, clerk, unfiled.id, second, revision=2)

    patient_ids = [event.patient_id for event in events_of(session, "document:change")]
    assert patient_ids[0] == patient.id
    assert set(patient_ids[1:]) == {patient.id, other.id}


def test_what_was_typed_is_not_written_into_the_audit_log(session, clerk, filed):
    secret = changed(filed, title="HIV test", description="positive", metadata={"a": 1})

    records.change(session, clerk, filed.id, secret, revision=1)

    (event,) = events_of(session, "document:change")
    assert set(event.details["changed"]) == {"title", "description", "metadata"}
    assert "HIV" not in str(event.details)
    assert "positive" not in str(event.details)


def test_a_stale_page_changes_nothing(session, clerk, filed):
    records.add_version(session, clerk, filed.id, content(b"2"), revision=1)

    stale = changed(filed, title="Late")
    with pytest.raises(StaleRevision) as refused:
        records.change(session, clerk, filed.id, stale, revision=1)

    assert refused.value.current.title == filed.title


def test_a_document_is_not_filed_under_an_archived_or_unknown_patient(
    session, clerk, patient
):
    unfiled = file(session, clerk)
    patients.archive(session, clerk, patient.id, version=1)

    for patient_id, refusal in (
        (patient.id, patients.PatientArchived),
        (uuid4(), patients.NoSuchPatient),
    ):
        wanted = changed(unfiled, patient_id=patient_id)
        with pytest.raises(refusal):
            records.change(session, clerk, unfiled.id, wanted, revision=1)


def test_patients_rename_what_they_filed(session, herself):
    own = file(session, herself)
    named = changed(own, title="My lab result", description="From abroad")

    after = records.change(session, herself, own.id, named, revision=1)

    assert (after.title, after.description) == ("My lab result", "From abroad")


@pytest.mark.parametrize(
    "change",
    [
        {"classification": Classification.TEMPORARY},
        {"document_type": DocumentType.INVOICE},
        {"metadata": {"a": 1}},
        {"patient_id": None},
        {"patient_id": uuid4()},
    ],
    ids=["class", "type", "metadata", "out of the record", "into another record"],
)
def test_patients_do_not_decide_what_becomes_of_a_document(session, herself, change):
    own = file(session, herself)

    wanted = changed(own, **change)
    with pytest.raises(NotAllowed):
        records.change(session, herself, own.id, wanted, revision=1)


def test_patients_do_not_rename_what_the_clinic_filed(session, herself, filed):
    wanted = changed(filed, title="Nothing")
    with pytest.raises(NotAllowed):
        records.change(session, herself, filed.id, wanted, revision=1)


def test_clinicians_take_only_what_they_filed_out_of_a_record(session, patient, filed):
    clinician = add_actor(session, DORA)
    have_treated(session, clinician, patient.id)
    own = file(session, clinician, of=patient)

    taken = changed(own, patient_id=None)
    records.change(session, clinician, own.id, taken, revision=1)

    wanted = changed(filed, patient_id=None)
    with pytest.raises(NotAllowed, match="can move it to another record"):
        records.change(session, clinician, filed.id, wanted, revision=1)


@pytest.mark.parametrize("days", [-365 * 130, 2, 400])
def test_a_paper_is_neither_of_the_future_nor_of_before_1900(
    session, clerk, filed, days
):
    impossible = date.today() + timedelta(days=days)  # noqa: DTZ011 (any zone's)

    with pytest.raises(InvalidDocument, match="1 January 1900 and today"):
        records.change(
            session, clerk, filed.id, changed(filed, dated_on=impossible), revision=1
        )
