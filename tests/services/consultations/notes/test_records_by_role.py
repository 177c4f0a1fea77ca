"""Who reads and writes notes, under each role's identity and the database's rules."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select, text, update

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord
from db.postgres import SYSTEM
from services.consultations import notes
from services.consultations.notes.errors import (
    NotTreated,
    StaleNotes,
    VisitDidNotTakePlace,
)
from services.core.actor_database import RefusedByDatabase
from services.core.errors import NotAllowed
from services.patients.care import break_glass, care
from services.patients.duplicates import merging
from services.visits.front_desk import appointments
from tests.kit.waiting import await_blocked
from tests.services.consultations.notes import samples
from tests.services.patients.clinic_samples import REASON, TODAY, Clinic, open_clinic

TYPED = {"complaint": "Secret headache", "weight": "70"}


@pytest.fixture
def clinic(endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        yield clinic


@pytest.fixture
def visit(clinic) -> Appointment:
    """A visit of Grace, whom Dora treats, with Emil."""

    def keep(session):
        kept = samples.visit(session, clinic.grace.id, user_id=clinic.emil.id)
        session.expunge(kept)
        return kept

    return clinic.database.write(keep, identity=SYSTEM).value


def write(clinic, actor, visit, number=0, **typed):
    return clinic.write(
        actor,
        lambda s: notes.save(s, actor, visit.id, typed or TYPED, number=number),
    )


def calls(actor, visit):
    """Return all calls that show notes."""
    return (
        lambda s: notes.find(s, actor, visit.id),
        lambda s: notes.list_versions(s, actor, visit.id),
        lambda s: notes.list_similar(s, actor, visit.id, "headache"),
    )


def test_a_clinician_writes_and_reads_notes_of_the_patients_they_treat(clinic, visit):
    dora = clinic.dora

    write(clinic, dora, visit)
    saved = write(clinic, dora, visit, 1, complaint="Better")

    assert clinic.read(dora, calls(dora, visit)[0]) == saved
    assert [v.number for v in clinic.read(dora, calls(dora, visit)[1])] == [2, 1]


@pytest.mark.parametrize("name", ["cleo", "ana", "ines"])
def test_nobody_but_clinicians_reads_or_writes_notes(clinic, visit, name):
    write(clinic, clinic.dora, visit)
    actor = getattr(clinic, name)

    for call in calls(actor, visit):
        with pytest.raises(NotAllowed, match="read the records of visits"):
            clinic.read(actor, call)
    with pytest.raises(NotAllowed):
        write(clinic, actor, visit, 1, complaint="Mine")


@pytest.mark.parametrize("name", ["cleo", "ana", "ines"])
@pytest.mark.parametrize("table", ["medical_records", "medical_record_versions"])
def test_the_database_itself_shows_notes_to_nobody_else(clinic, visit, name, table):
    write(clinic, clinic.dora, visit)

    with pytest.raises(RefusedByDatabase):
        clinic.read(
            getattr(clinic, name),
            lambda s: s.execute(text(f"SELECT content FROM {table}")).all(),
        )


@pytest.mark.parametrize("name", ["cleo", "ana", "ines"])
def test_nobody_but_clinicians_lists_the_notes_of_a_patient(clinic, visit, name):
    actor = getattr(clinic, name)

    with pytest.raises(NotAllowed, match="read the records of visits"):
        clinic.read(actor, lambda s: notes.list_of_patient(s, actor, clinic.grace.id))


def test_whoever_does_not_treat_the_patient_lists_no_notes(clinic, visit):
    write(clinic, clinic.dora, visit)
    grace = clinic.grace.id

    listed = {
        name: clinic.read(
            (actor := getattr(clinic, name)),
            lambda s, actor=actor: notes.list_of_patient(s, actor, grace),
        )
        for name in ("dora", "emil")
    }

    assert len(listed["dora"]) == 1
    assert listed["emil"] == ()


def test_who_only_has_the_visit_but_does_not_treat_the_patient_is_told_so(
    clinic, visit
):
    write(clinic, clinic.dora, visit)
    emil = clinic.emil

    for call in calls(emil, visit):
        with pytest.raises(NotTreated, match="do not treat"):
            clinic.read(emil, call)
    with pytest.raises(NotTreated):
        write(clinic, emil, visit, 1, complaint="Mine")
    assert clinic.read(emil, lambda s: s.scalars(select(MedicalRecord)).all()) == []


def test_whose_patients_it_is_not_the_visit_does_not_exist(clinic):
    def keep(session):
        kept = samples.visit(session, clinic.ada.id)
        session.expunge(kept)
        return kept

    visit = clinic.database.write(keep, identity=SYSTEM).value

    with pytest.raises(appointments.NoSuchVisit):
        clinic.read(clinic.dora, calls(clinic.dora, visit)[0])


def test_whose_treatment_has_ended_reads_the_notes_no_more(clinic, visit):
    dora = clinic.dora
    write(clinic, dora, visit)

    clinic.write(dora, lambda s: care.end(s, dora, clinic.grace.id, dora.id))

    with pytest.raises(appointments.NoSuchVisit):
        clinic.read(dora, calls(dora, visit)[0])


def test_a_record_opened_for_a_reason_shows_its_notes(clinic, visit):
    emil = clinic.emil
    saved = write(clinic, clinic.dora, visit)

    clinic.write(
        emil, lambda s: break_glass.open_record(s, emil, clinic.grace.id, REASON)
    )

    assert clinic.read(emil, calls(emil, visit)[0]) == saved


def test_nobody_writes_a_version_in_another_name_or_changes_one(clinic, visit):
    saved = write(clinic, clinic.dora, visit)
    forged = text(
        "INSERT INTO medical_record_versions "
        "(record_id, number, content, author_id, author_name) "
        "VALUES (:record, 2, '{}', :author, :name)"
    ).bindparams(record=saved.id, author=clinic.emil.id, name=clinic.emil.name)

    for statement in (
        forged,
        text("UPDATE medical_record_versions SET content = '{}'"),
    ):
        with pytest.raises(RefusedByDatabase):
            clinic.write(clinic.dora, lambda s, refused=statement: s.execute(refused))


def test_of_two_who_save_at_once_one_is_shown_what_the_other_wrote(clinic, visit):
    dora, emil = clinic.dora, clinic.emil
    clinic.write(dora, lambda s: care.assign(s, dora, clinic.grace.id, emil.id))
    start = Barrier(2)

    def save(actor):
        start.wait()
        try:
            return write(clinic, actor, visit, complaint=actor.name).latest
        except StaleNotes as stale:
            return stale

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(save, (dora, emil)))

    (stale,) = [r for r in results if isinstance(r, StaleNotes)]
    (won,) = [r for r in results if r is not stale]
    assert stale.current.latest == won
    assert won.number == 1


def test_after_a_merge_the_notes_are_the_kept_patients(clinic, visit):
    dora = clinic.dora
    saved = write(clinic, dora, visit)
    cleo, kept, gone = clinic.cleo, clinic.ada, clinic.grace
    clinic.write(
        cleo,
        lambda s: merging.merge(
            s,
            cleo,
            kept.id,
            gone.id,
            kept.draft(),
            kept_version=kept.version,
            merged_version=gone.version,
            today=TODAY,
        ),
    )

    after = clinic.read(dora, calls(dora, visit)[0])

    assert (after.patient_id, after.latest) == (kept.id, saved.latest)
    again = write(clinic, dora, visit, 1, complaint="After the merge")
    assert again.patient_id == kept.id


def test_nothing_is_noted_of_a_visit_that_is_marked_as_missed_in_that_moment(
    clinic, visit
):
    come = update(Appointment).values(status="scheduled")
    clinic.database.write(lambda s: s.execute(come) and None, identity=SYSTEM)

    with ThreadPoolExecutor(1) as pool:

        def miss_while_somebody_writes(session):
            appointments.miss(session, clinic.cleo, visit.id)
            saving = pool.submit(write, clinic, clinic.dora, visit)
            await_blocked(session, saving)
            return saving

        saving = clinic.write(clinic.cleo, miss_while_somebody_writes)
        with pytest.raises(VisitDidNotTakePlace):
            saving.result(timeout=30)

    assert clinic.read(clinic.dora, calls(clinic.dora, visit)[0]) is None
