"""The dated entries of a record, and what people's edits do to them."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from db.models.patient import ClinicalEntry
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.records import patients
from services.patients.records.entries import list_entries
from tests.kit import cast

MOST = 100


def add(session, patient, term, started_on, **more):
    values = {"kind": "condition", "source": "synthea", "source_key": uuid4(), **more}
    session.add(
        ClinicalEntry(patient_id=patient.id, term=term, started_on=started_on, **values)
    )
    session.flush()


def terms(session, actor, patient):
    entries = list_entries(session, actor, patient.id, limit=MOST)
    return [entry.term for entry in entries]


@pytest.fixture
def asthmatic(session, clerk, patient, today):
    draft = replace(patient.draft(), medical_history=("Asthma",))
    return patients.edit(
        session, clerk, patient.id, draft, version=patient.version, today=today
    )


def test_entries_are_read_with_their_codes_the_latest_first(session, clerk, asthmatic):
    coded = {"system": "http://snomed.info/sct", "code": "195967001"}
    add(session, asthmatic, "Asthma", date(2001, 4, 2), **coded)
    add(session, asthmatic, "Cough", date(2003, 1, 1), ended_on=date(2003, 1, 9))

    cough, asthma = list_entries(session, clerk, asthmatic.id, limit=MOST)

    assert (cough.term, cough.ended_on) == ("Cough", date(2003, 1, 9))
    assert (asthma.system, asthma.code) == tuple(coded.values())
    assert asthma.ended_on is None


def test_what_somebody_took_off_the_list_lasts_no_longer(
    session, clerk, asthmatic, today
):
    add(session, asthmatic, "asthma", date(2001, 4, 2))
    add(session, asthmatic, "Cough", date(2003, 1, 1), ended_on=date(2003, 1, 9))
    assert terms(session, clerk, asthmatic) == ["Cough", "asthma"]
    draft = replace(asthmatic.draft(), medical_history=())

    patients.edit(
        session, clerk, asthmatic.id, draft, version=asthmatic.version, today=today
    )

    assert terms(session, clerk, asthmatic) == ["Cough"]


def test_who_opens_no_records_reads_no_entries(session, patient):
    with pytest.raises(NotAllowed):
        list_entries(
            session, cast.act_as_somebody(Role.ANALYST), patient.id, limit=MOST
        )
