"""Clinicians under their own identity, as the database knows it.

Everything here goes through the app's login, which owns nothing: what a role may not
see, PostgreSQL does not show, whatever a service asks.
"""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.care import BreakGlassAccess
from db.postgres import SYSTEM
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.care import break_glass, care
from services.patients.duplicates import duplicates, merging
from services.patients.records import patients
from services.people.accounts import invitations
from tests.kit.cast import GRACE, INES, ada
from tests.services.patients.clinic_samples import REASON, TODAY, Clinic, open_clinic


@pytest.fixture
def clinic(endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        yield clinic


def test_a_clinician_lists_and_opens_their_own_patients(clinic: Clinic):
    dora, grace = clinic.dora, clinic.grace

    opened = clinic.read(dora, lambda s: patients.get_patient(s, dora, grace.id))

    assert opened == grace
    assert clinic.names(dora) == ["Grace"]
    assert clinic.names(clinic.emil) == []
    assert clinic.names(clinic.cleo) == ["Grace", "Ada"]


def test_a_clinician_does_not_open_somebody_elses(clinic: Clinic):
    dora = clinic.dora

    with pytest.raises(patients.NoSuchPatient):
        clinic.read(dora, lambda s: patients.get_patient(s, dora, clinic.ada.id))


def test_counts_figures_and_files_hold_the_same_patients(clinic: Clinic):
    dora = clinic.dora

    def look(session: Session) -> tuple[int, int, int]:
        rows = "".join(search.export_csv(session, dora, Criteria()))
        return (
            search.count_patients(session, dora, Criteria()).value,
            search.describe(session, dora, Criteria()).patients,
            len(list(csv.reader(io.StringIO(rows)))) - 1,
        )

    assert clinic.read(dora, look) == (1, 1, 1)


def test_who_is_assigned_finds_the_patient_in_their_list(clinic: Clinic):
    cleo, dora, emil = clinic.cleo, clinic.dora, clinic.emil
    clinic.write(cleo, lambda s: care.assign(s, cleo, clinic.ada.id, dora.id))
    clinic.write(dora, lambda s: care.assign(s, dora, clinic.grace.id, emil.id))

    assert sorted(clinic.names(dora)) == ["Ada", "Grace"]
    assert clinic.names(emil) == ["Grace"]


def test_whose_treatment_ended_finds_the_patient_no_more(clinic: Clinic):
    dora = clinic.dora

    clinic.write(dora, lambda s: care.end(s, dora, clinic.grace.id, dora.id))

    assert clinic.names(dora) == []


def test_a_clinician_sees_who_else_treats_their_patient(clinic: Clinic):
    cleo, dora, emil = clinic.cleo, clinic.dora, clinic.emil
    clinic.write(cleo, lambda s: care.assign(s, cleo, clinic.grace.id, emil.id))

    team = clinic.read(dora, lambda s: care.list_team(s, dora, clinic.grace.id))

    assert [carer.clinician.name for carer in team] == ["Dora Physick", "Emil Physick"]


def test_whom_a_clinician_registers_is_their_patient(clinic: Clinic):
    emil, patient_id = clinic.emil, uuid4()
    draft = ada(first_name="Annie", last_name="Easley")

    for _ in range(2):  # the first answer may have got lost
        clinic.write(
            emil,
            lambda s: patients.register(
                s, emil, draft, today=TODAY, patient_id=patient_id
            ),
        )

    assert clinic.names(emil) == ["Annie"]


def test_a_clinician_is_warned_of_patients_they_cannot_open(clinic: Clinic):
    emil = clinic.emil

    (candidate, *_) = clinic.read(
        emil, lambda s: duplicates.find_duplicates(s, emil, ada(email=None))
    )

    assert candidate.patient == clinic.ada.identity()
    assert clinic.names(emil) == []


def test_a_broken_glass_opens_one_record_for_some_hours(clinic: Clinic):
    emil, record = clinic.emil, clinic.ada
    clinic.write(emil, lambda s: break_glass.open_record(s, emil, record.id, REASON))
    during = clinic.names(emil)

    expiry = update(BreakGlassAccess).values(
        created_at=BreakGlassAccess.created_at - timedelta(hours=8),
        expires_at=func.now(),
    )
    clinic.database.write(lambda s: s.execute(expiry), identity=SYSTEM)

    assert during == ["Ada"]
    assert clinic.names(emil) == []


def test_a_clinician_finds_out_who_somebody_is_and_nothing_else(clinic: Clinic):
    emil = clinic.emil

    identities = clinic.read(
        emil, lambda s: search.identify(s, emil, "Lovelace 1980-05-17")
    )

    assert identities == (clinic.ada.identity(),)
    assert clinic.names(emil) == []


def test_an_administrator_reviews_by_the_patients_id(clinic: Clinic):
    emil, ines = clinic.emil, clinic.ines
    access = clinic.write(
        emil, lambda s: break_glass.open_record(s, emil, clinic.ada.id, REASON)
    )

    waiting = clinic.read(ines, lambda s: break_glass.list_for_review(s, ines))
    clinic.write(ines, lambda s: break_glass.review(s, ines, access.id, "Rightly"))
    done = clinic.read(
        ines, lambda s: break_glass.list_for_review(s, ines, reviewed=True)
    )

    assert [access.patient_id for access in waiting] == [clinic.ada.id]
    assert (done[0].reviewer_name, done[0].review) == (INES.name, "Rightly")


def test_a_merge_takes_every_clinician_along(clinic: Clinic):
    cleo, dora, emil = clinic.cleo, clinic.dora, clinic.emil
    for clinician in (dora, emil):
        clinic.write(
            cleo,
            lambda s, clinician=clinician: care.assign(
                s, cleo, clinic.ada.id, clinician.id
            ),
        )

    clinic.write(
        dora,
        lambda s: merging.merge(
            s,
            dora,
            clinic.grace.id,
            clinic.ada.id,
            GRACE,
            kept_version=1,
            merged_version=1,
            today=TODAY,
        ),
    )

    assert clinic.names(emil) == clinic.names(dora) == ["Grace"]


def test_a_broken_glass_lets_nobody_in_for_longer(clinic: Clinic):
    cleo, emil, record = clinic.cleo, clinic.emil, clinic.ada
    mine = ada(first_name="Annie", last_name="Easley")
    own = clinic.write(emil, lambda s: patients.register(s, emil, mine, today=TODAY))
    clinic.write(emil, lambda s: break_glass.open_record(s, emil, record.id, REASON))

    def merge(session: Session) -> None:
        merging.merge(
            session,
            emil,
            own.id,
            record.id,
            GRACE,
            kept_version=1,
            merged_version=1,
            today=TODAY,
        )

    for attempt in (
        merge,
        lambda s: invitations.invite_patient(s, emil, record.id),
        lambda s: care.assign(s, emil, record.id, emil.id),
    ):
        with pytest.raises(care.NotYours):
            clinic.write(emil, attempt)
    assert clinic.write(cleo, lambda s: invitations.invite_patient(s, cleo, record.id))


def test_of_two_desks_that_assign_at_once_one_finds_it_done(clinic: Clinic):
    cleo, emil, ready = clinic.cleo, clinic.emil, Barrier(3)

    def assign(_: int) -> str:
        ready.wait(timeout=10)
        try:
            clinic.write(cleo, lambda s: care.assign(s, cleo, clinic.ada.id, emil.id))
        except care.AlreadyTreats:
            return "was there"
        return "assigned"

    with ThreadPoolExecutor(3) as threads:
        outcomes = sorted(threads.map(assign, range(3)))

    assert outcomes == ["assigned", "was there", "was there"]
