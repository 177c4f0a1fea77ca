"""Patients see who has read their own record, and nobody else's."""

from dataclasses import replace
from uuid import uuid4

import pytest

from dashboard.ui.language import translated, using_language
from db.mongo.audit_store import AuditStore
from services.audit import log
from services.core import audit
from services.core.actors import KEEPER, Role
from services.core.audit import Action
from services.core.errors import NotAllowed, NotFound
from services.documents import records
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.duplicates import merging
from services.patients.records import patients
from tests.kit import cast
from tests.services.documents.records import samples


@pytest.fixture
def accesses(session, store: AuditStore, ada, ship):
    """Ships, then reads the accesses that Ada may see."""

    def read(**options):
        ship()
        return log.list_accesses(session, store, ada, **options)

    return read


def test_everybody_who_opened_the_record_is_named(session, rosa, patient, accesses):
    patients.get_patient(session, rosa, patient.id)

    newest, oldest = accesses()
    assert (newest.who, newest.what) == (
        "Rosa Lindqvist (staff)",
        "viewed your record",
    )
    assert oldest.what == "registered you"


def test_a_list_that_showed_the_patient_is_told_to_who_asks_for_lists(
    session, rosa, patient, accesses
):
    search.list_patients(session, rosa, Criteria())

    assert accesses(has_lists=True)[0].what == "saw you in a list"
    assert [access.what for access in accesses()] == ["registered you"]


def test_an_access_is_a_sentence(session, rosa, patient, accesses):
    patients.get_patient(session, rosa, patient.id)

    assert accesses()[0].sentence == "Rosa Lindqvist (staff) viewed your record"


def test_a_change_tells_which_fields(session, rosa, patient, today, accesses):
    draft = cast.ada(address="1 New Road")
    patients.edit(session, rosa, patient.id, draft, version=1, today=today)

    assert accesses()[0].what == "changed your record: address"


def test_ones_own_look_is_ones_own(session, patient, ada, accesses):
    patients.get_patient(session, ada, patient.id)

    assert accesses()[0].who == "You"


def test_what_was_done_with_others_is_not_told(session, rosa, accesses, today):
    grace = patients.register(session, rosa, cast.GRACE, today=today)
    patients.get_patient(session, rosa, grace.id)

    assert [access.what for access in accesses()] == ["registered you"]


def test_a_document_that_is_not_shown_to_the_patient_is_a_look_at_the_record(
    session, rosa, patient, accesses
):
    """That somebody filed or opened it would say that there is one."""
    paper = samples.file(session, rosa, of=patient, confidential=True, withheld=True)
    records.open_version(session, rosa, paper.id, 1, purpose="view")
    scanned = {"subject": ("document", paper.id), "patient_id": patient.id}
    audit.record(session, KEEPER, Action.DOCUMENT_SCAN, **scanned)

    shown = accesses()

    assert {access.who for access in shown} == {"Rosa Lindqvist (staff)"}
    assert [access.what for access in shown] == [
        "viewed your record",
        "viewed your record",
        "registered you",
    ]


def test_another_patient_who_tried_is_not_named(session, patient, accesses):
    eve = cast.add_patient_actor(session, patient)
    audit.record(
        session, eve, Action.ACCESS_REFUSE, patient_id=patient.id, outcome="refused"
    )

    assert accesses()[0].who == "Another patient"
    assert accesses()[0].is_refused


def test_what_was_done_with_a_record_before_it_was_merged_is_told_once(
    session, rosa, patient, today, accesses
):
    duplicate = cast.ada(email="ada.l@example.org")
    merged = patients.register(session, rosa, duplicate, today=today)
    patients.get_patient(session, rosa, merged.id)
    merging.merge(
        session,
        rosa,
        patient.id,
        merged.id,
        patient.draft(),
        kept_version=1,
        merged_version=1,
        today=today,
    )

    entries = accesses()
    assert len({access.sequence for access in entries}) == len(entries)
    assert [access.what for access in entries].count("registered you") == 2
    assert "viewed your record" in [access.what for access in entries]


def test_older_looks_follow(session, rosa, patient, accesses, monkeypatch):
    patients.get_patient(session, rosa, patient.id)
    monkeypatch.setattr("services.audit.log.accesses.PAGE_SIZE", 1)

    (first,) = accesses()
    (second,) = accesses(after=first.cursor)

    assert (first.what, second.what) == ("viewed your record", "registered you")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PATIENT}))
def test_others_have_no_record_of_their_own(session, store, rosa, role):
    with pytest.raises(NotAllowed):
        log.list_accesses(session, store, replace(rosa, role=role))


def test_a_sign_in_without_a_record_is_shown_nothing_at_all(session, store, ada):
    with pytest.raises(NotFound):
        log.list_accesses(session, store, replace(ada, patient_id=None))


def test_nobody_has_looked_at_a_record_that_is_not_there(session, store, ada, ship):
    ship()
    stranger = replace(ada, patient_id=uuid4())

    assert log.list_accesses(session, store, stranger) == ()


def test_an_app_that_the_patient_let_in_is_named_for_what_it_read(
    session, ada, patient, accesses
):
    audit.record(
        session,
        ada,
        Action.APP_ALLOW,
        patient_id=patient.id,
        details={"name": "MyHealth", "scopes": ["patient/Patient.rs"]},
    )
    for app in ("MyHealth", "Diary"):
        with audit.with_origin(audit.Origin(app=app)):
            audit.record(session, ada, Action.PATIENT_READ, patient_id=patient.id)

    sentences = [access.sentence for access in accesses()]

    assert sentences[:3] == [
        "The app Diary viewed your record",
        "The app MyHealth viewed your record",
        "You let the app MyHealth read your record",
    ]
    with using_language("de"):
        assert [translated(sentence) for sentence in sentences[:3]] == [
            "Die App Diary: Ihre Akte angesehen",
            "Die App MyHealth: Ihre Akte angesehen",
            "Sie: die App MyHealth Ihre Akte lesen lassen",
        ]


def test_an_app_of_another_account_of_the_record_names_nobody(
    session, patient, accesses
):
    eve = cast.add_patient_actor(session, patient)
    with audit.with_origin(audit.Origin(app="Diary")):
        audit.record(session, eve, Action.PATIENT_READ, patient_id=patient.id)

    maker = accesses()[0].who

    assert maker == "The app Diary, for another patient"
    with using_language("de"):
        assert translated(maker) == "Die App Diary für einen anderen Patienten"
