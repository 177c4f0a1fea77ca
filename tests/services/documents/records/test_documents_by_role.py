"""Documents under each role's identity, as the database knows it.

Everything here goes through the app's login, which owns nothing: what a role may not
see or do, PostgreSQL refuses, whatever a service asks.
"""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.core.actor_database import RefusedByDatabase
from services.core.actors import Actor
from services.core.errors import NotAllowed
from services.documents import records
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.documents.records.errors import Damaged, NoSuchDocument
from services.documents.records.kinds import Classification
from services.documents.records.rows import versions
from services.documents.search.latest import list_latest
from services.documents.sharing import shares
from services.patients.records import patients
from tests.services.documents.records.samples import content, file
from tests.services.patients.clinic_samples import Clinic

REASON = "A court asked for it."


@pytest.fixture
def people(clinic: Clinic, grace: Actor) -> dict[str, Actor]:
    return {"clerk": clinic.cleo, "clinician": clinic.dora, "patient": grace}


@pytest.mark.parametrize("who", ["clerk", "clinician", "patient"])
def test_whoever_files_a_document_goes_all_the_way_with_it(
    clinic: Clinic, people: dict[str, Actor], who: str
):
    actor = people[who]

    def go(session):
        filed = file(session, actor, of=clinic.grace)
        records.add_version(session, actor, filed.id, content(b"2"), revision=1)
        records.restore_version(session, actor, filed.id, 1, revision=2)
        named = replace(ChangedDocument.of(filed), title="Another")
        records.change(session, actor, filed.id, named, revision=3)
        records.delete(session, actor, filed.id, revision=4)
        records.restore(session, actor, filed.id, revision=5)
        return records.open_version(session, actor, filed.id, 2, purpose="view")

    opened = clinic.write(actor, go)
    listed = clinic.read(
        actor, lambda s: records.versions(s, actor, opened.document_id)
    )

    assert [version.number for version in listed] == [3, 2, 1]
    shown = clinic.read(actor, lambda s: records.get(s, actor, opened.document_id))
    assert (shown.title, shown.patient_name) == ("Another", "Grace Hopper")
    assert clinic.read(actor, lambda s: records.text_of(s, actor, shown.id, 3))


def _stated(**changes):
    return content(origin="form", template="health_statement", form={}, **changes)


def test_what_a_patient_writes_in_a_form_is_marked_and_stays_so_when_restored(
    clinic: Clinic, people: dict[str, Actor]
):
    patient, clerk = people["patient"], clinic.cleo
    filed = clinic.write(patient, lambda s: file(s, patient, holding=_stated()))

    def replace_and_restore(session):
        records.add_version(session, clerk, filed.id, content(b"2"), revision=1)
        replaced = records.get(session, clerk, filed.id)
        return replaced, records.restore_version(
            session, clerk, filed.id, 1, revision=2
        )

    replaced, restored = clinic.write(clerk, replace_and_restore)

    assert filed.version.stated_by_patient
    assert not replaced.version.stated_by_patient
    assert restored.version.stated_by_patient
    own = clinic.read(patient, lambda s: records.get(s, patient, filed.id))
    assert (own.patient_id, own.version.origin) == (patient.patient_id, "restored")


@pytest.mark.parametrize("who", ["clerk", "clinician"])
def test_what_the_clinic_writes_in_a_form_is_not_marked(
    clinic: Clinic, people: dict[str, Actor], who: str
):
    actor = people[who]
    made = content(origin="form", template="medical_record", form={})

    filed = clinic.write(actor, lambda s: file(s, actor, of=clinic.grace, holding=made))

    assert not filed.version.stated_by_patient


@pytest.mark.parametrize(
    ("who", "stated"), [("patient", False), ("clinician", True)], ids=str
)
def test_the_database_itself_keeps_everybody_from_writing_in_anothers_name(
    clinic: Clinic,
    people: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    stated: bool,
):
    actor, usual = people[who], versions.values_of

    def forged(*about):
        return usual(*about) | {"stated_by_patient": stated}

    monkeypatch.setattr(versions, "values_of", forged)
    with pytest.raises(RefusedByDatabase):
        clinic.write(
            actor, lambda s: file(s, actor, of=clinic.grace, holding=_stated())
        )


def test_the_database_itself_lets_nothing_but_a_form_be_a_statement(
    clinic: Clinic, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
):
    patient, usual = people["patient"], versions.values_of
    monkeypatch.setattr(
        versions,
        "values_of",
        lambda *about: usual(*about) | {"stated_by_patient": True},
    )

    with pytest.raises(IntegrityError, match="document_versions_stated_in_a_form"):
        clinic.write(patient, lambda s: file(s, patient, of=clinic.grace))


def test_a_clinician_finds_it_among_what_came_lately(
    clinic: Clinic, people: dict[str, Actor]
):
    patient, dora = people["patient"], clinic.dora
    filed = clinic.write(patient, lambda s: file(s, patient, holding=_stated()))

    latest = clinic.read(dora, lambda s: list_latest(s, dora, filed.created_at))

    assert [(d.id, d.stated_by_patient) for d in latest] == [(filed.id, True)]


def test_a_clinician_files_for_their_own_patients_and_for_nobody(clinic: Clinic):
    dora = clinic.dora

    unfiled = clinic.write(dora, lambda s: file(s, dora))
    with pytest.raises(patients.NoSuchPatient):
        clinic.write(dora, lambda s: file(s, dora, of=clinic.ada))

    assert clinic.read(dora, lambda s: records.get(s, dora, unfiled.id)) == unfiled


def test_a_clinician_does_not_see_what_others_filed_for_nobody(clinic: Clinic):
    dora, emil, cleo = clinic.dora, clinic.emil, clinic.cleo
    unfiled = clinic.write(dora, lambda s: file(s, dora))
    of_ada = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.ada))
    of_grace = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.grace))

    for actor, document in ((emil, unfiled), (dora, of_ada), (emil, of_grace)):
        with pytest.raises(NoSuchDocument):
            clinic.read(actor, lambda s, a=actor, d=document: records.get(s, a, d.id))
    assert clinic.read(cleo, lambda s: records.get(s, cleo, unfiled.id)) == unfiled


def test_a_clinician_files_an_unfiled_document_under_their_patient_only(
    clinic: Clinic,
):
    dora = clinic.dora
    unfiled = clinic.write(dora, lambda s: file(s, dora))

    def move(patient_id):
        wanted = replace(ChangedDocument.of(unfiled), patient_id=patient_id)
        return clinic.write(
            dora, lambda s: records.change(s, dora, unfiled.id, wanted, revision=1)
        )

    with pytest.raises(patients.NoSuchPatient):
        move(clinic.ada.id)
    assert move(clinic.grace.id).patient_name == "Grace Hopper"


def test_the_database_itself_keeps_a_clinician_from_moving_a_document_out_of_reach(
    clinic: Clinic,
):
    dora, cleo = clinic.dora, clinic.cleo
    filed = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.grace))

    for target in (None, str(clinic.ada.id)):
        with pytest.raises(RefusedByDatabase):
            clinic.write(
                dora,
                lambda s, target=target: s.execute(
                    text("UPDATE documents SET patient_id = :to WHERE id = :id"),
                    {"to": target, "id": str(filed.id)},
                ),
            )


@pytest.mark.parametrize(
    "attempt",
    [
        (
            "INSERT INTO documents (title, patient_id, created_by, created_by_name) "
            "VALUES ('x', '{other}', '{herself}', 'x')"
        ),
        (
            "INSERT INTO documents (title, patient_id, created_by, created_by_name) "
            "VALUES ('x', '{own}', '{clerk}', 'x')"
        ),
        (
            "INSERT INTO documents (title, created_by, created_by_name) "
            "VALUES ('x', '{herself}', 'x')"
        ),
        (
            "INSERT INTO documents "
            "(title, patient_id, classification, created_by, created_by_name) "
            "VALUES ('x', '{own}', 'temporary', '{herself}', 'x')"
        ),
        "UPDATE documents SET patient_id = '{other}'",
        "UPDATE documents SET classification = 'temporary'",
        "UPDATE documents SET held_at = NULL",
        "UPDATE document_versions SET scan = 'clean'",
        "DELETE FROM documents",
        (
            "INSERT INTO document_versions (document_id, number, filename, filesize, "
            "sha256, origin, author_id, author_name) VALUES ('{filed}', 9, 'x', 1, "
            "decode(repeat('00', 32), 'hex'), 'upload', '{herself}', 'x')"
        ),
    ],
    ids=[
        "files for somebody else",
        "files as somebody else",
        "files for nobody",
        "says how long it is kept",
        "moves it",
        "reclassifies it",
        "lifts a hold",
        "lets it out of quarantine",
        "drops it",
        "adds to what the clinic filed",
    ],
)
def test_asvs_8_2_2_the_database_itself_refuses_what_no_patient_may(
    clinic: Clinic, grace: Actor, attempt: str
):
    cleo = clinic.cleo
    filed = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.grace))
    statement = attempt.format(
        other=clinic.ada.id,
        own=clinic.grace.id,
        herself=grace.id,
        clerk=cleo.id,
        filed=filed.id,
    )

    with pytest.raises(RefusedByDatabase):
        clinic.write(grace, lambda s: s.execute(text(statement)))


def test_the_database_itself_shows_patients_and_clinicians_only_what_is_theirs(
    clinic: Clinic, people: dict[str, Actor]
):
    cleo = clinic.cleo
    of_ada = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.ada))

    for actor in (people["patient"], clinic.dora, clinic.emil):
        for table, column in (
            ("documents", "id"),
            ("document_versions", "document_id"),
        ):
            ids = clinic.read(
                actor,
                lambda s, table=table, column=column: s.execute(
                    text(f"SELECT {column} FROM {table}")
                ).scalars(),
            )
            assert of_ada.id not in set(ids)


def test_a_patient_changes_nothing_of_the_clinics(clinic: Clinic, grace: Actor):
    cleo = clinic.cleo
    filed = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.grace))

    changed = clinic.write(
        grace,
        lambda s: (
            s.execute(
                text("UPDATE documents SET title = 'x' WHERE id = :id"),
                {"id": str(filed.id)},
            ).rowcount
        ),
    )

    assert changed == 0


def test_damage_is_noted_whoever_finds_it(clinic: Clinic, grace: Actor):
    cleo = clinic.cleo
    filed = clinic.write(cleo, lambda s: file(s, cleo, of=clinic.grace))

    clinic.write(grace, lambda s: records.note_damage(s, grace, filed.id, 1))

    with pytest.raises(Damaged):
        clinic.read(
            grace,
            lambda s: records.open_version(s, grace, filed.id, purpose="download"),
        )


def test_holds_are_placed_by_the_clinic(clinic: Clinic, people: dict[str, Actor]):
    dora = clinic.dora
    filed = clinic.write(dora, lambda s: file(s, dora, of=clinic.grace))

    held = clinic.write(dora, lambda s: records.hold(s, dora, filed.id, reason=REASON))

    assert held.is_held
    assert not clinic.write(dora, lambda s: records.release(s, dora, filed.id)).is_held


def test_an_administrator_who_sees_no_document_ends_the_links_to_them(clinic: Clinic):
    filed = clinic.write(clinic.cleo, lambda s: file(s, clinic.cleo, of=clinic.ada))
    make = partial(shares.create, number=None, minutes=60)
    link = clinic.write(clinic.cleo, lambda s: make(s, clinic.cleo, filed.id))

    clinic.write(
        clinic.ines, lambda s: shares.revoke_all(s, clinic.ines, clinic.cleo.id)
    )

    shown = clinic.read(clinic.cleo, lambda s: shares.list_of(s, clinic.cleo, filed.id))
    assert [(share.id, share.is_live) for share in shown] == [(link.share.id, False)]


def test_an_analyst_reaches_nothing(clinic: Clinic):
    ana = clinic.ana

    with pytest.raises(NotAllowed):
        clinic.read(ana, lambda s: records.get(s, ana, clinic.ada.id))
    with pytest.raises(RefusedByDatabase):
        clinic.read(ana, lambda s: s.execute(text("SELECT id FROM documents")))


def test_a_document_that_waits_is_found_again_by_its_content(
    clinic: Clinic, grace: Actor
):
    own = clinic.write(
        grace,
        lambda s: file(s, grace, holding=content(b"mine", scan="waiting")),
    )

    document = clinic.read(
        grace,
        lambda s: records.find_filed(s, grace, content(b"mine").sha256, None),
    )

    assert document == own
    assert own.classification is Classification.CLINICAL


def test_asked_twice_with_one_id_there_is_one_document(clinic: Clinic, grace: Actor):
    stored = content(b"twice")
    draft = DraftDocument(id=clinic.ana.id)

    first, again = (
        clinic.write(grace, lambda s: records.file(s, grace, draft, stored))
        for _ in range(2)
    )

    assert first == again
