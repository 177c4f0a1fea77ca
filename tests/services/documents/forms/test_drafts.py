"""Drafts: one's own only, sealed, found again by patient, deleted after a month."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pymongo import MongoClient

from db.files.file_keys import FileKeys
from db.mongo.draft_store import DraftStore
from services.consultations import notes as medical_records, prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    UnfinishedPrescription,
)
from services.core.errors import NotAllowed
from services.documents import forms
from services.documents.forms import Draft
from tests.services.documents.forms.samples import record_form

ADA = uuid4()


@pytest.fixture
def mongo(addresses):
    """A database of its own, as MongoDB's administrator sees it."""
    url, name = addresses.mongo.admin_url, f"test_{uuid4().hex}"
    with MongoClient(url, tz_aware=True, uuidRepresentation="standard") as client:
        yield url, client[name]
        client.drop_database(name)


@pytest.fixture
def draft_store(mongo, file_keys):
    url, database = mongo
    with closing(DraftStore(url, database.name, keys=file_keys)) as store:
        yield store


def begun(**changes):
    form = record_form(diagnosis="Secret illness")
    return replace(Draft(uuid4(), "medical_record", ADA, None, form), **changes)


def drafts_of(draft_store, actor, patient_id=ADA):
    return [kept.draft for kept in forms.list_drafts(draft_store, actor, patient_id)]


def test_a_draft_comes_back_as_it_was_saved_last(draft_store, clerk):
    draft = begun()
    forms.save_draft(draft_store, clerk, draft)
    later = replace(draft, form=record_form(diagnosis="Another"))
    saved_at = forms.save_draft(draft_store, clerk, later)

    (kept,) = forms.list_drafts(draft_store, clerk, ADA)

    assert kept.draft == later
    assert abs(kept.saved_at - saved_at).total_seconds() < 0.01


def test_drafts_are_those_of_one_patient_the_newest_first(draft_store, clerk):
    older, newer, unfiled = begun(), begun(), begun(patient_id=None)
    for draft in (older, newer, unfiled):
        forms.save_draft(draft_store, clerk, draft)

    assert drafts_of(draft_store, clerk) == [newer, older]
    assert drafts_of(draft_store, clerk, None) == [unfiled]


def test_nobody_sees_overwrites_or_discards_a_colleagues_draft(draft_store, clerk):
    colleague, draft = replace(clerk, id=uuid4()), begun()
    forms.save_draft(draft_store, clerk, draft)

    forms.discard_draft(draft_store, colleague, draft.id)
    with pytest.raises(forms.DraftsUnreachable):
        forms.save_draft(draft_store, colleague, replace(draft, form={}))

    assert drafts_of(draft_store, colleague) == []
    assert drafts_of(draft_store, clerk) == [draft]


def test_a_discarded_draft_is_gone(draft_store, clerk):
    draft = begun()
    forms.save_draft(draft_store, clerk, draft)

    forms.discard_draft(draft_store, clerk, draft.id)

    assert drafts_of(draft_store, clerk) == []


def test_mongodb_sees_no_word_of_it_and_forgets_it_after_thirty_days(
    draft_store, clerk, mongo
):
    _, database = mongo
    forms.save_draft(draft_store, clerk, begun())

    (kept,) = database.drafts.find()
    indexes = database.drafts.index_information().values()

    assert kept.keys() == {"_id", "owner", "sealed", "saved_at"}
    assert not any(word in kept["sealed"] for word in (b"Secret", b"Ada", b"medical"))
    (ttl,) = [index for index in indexes if "expireAfterSeconds" in index]
    assert ttl["key"] == [("saved_at", 1)]
    assert ttl["expireAfterSeconds"] == 30 * 24 * 60 * 60
    assert abs(kept["saved_at"] - datetime.now(UTC)).total_seconds() < 60


def test_a_draft_does_not_open_in_another_persons_name(draft_store, clerk, mongo):
    _, database = mongo
    thief = replace(clerk, id=uuid4())
    forms.save_draft(draft_store, clerk, begun())

    database.drafts.update_one({}, {"$set": {"owner": thief.id}})

    assert drafts_of(draft_store, thief) == []


def test_a_prescription_that_is_typed_comes_back_at_its_visit(draft_store, clinician):
    line = PrescriptionLine("Amoxicillin", "1", "", "7 days", "She takes it often")
    typed = DraftPrescription((line,), "With food")
    begun = UnfinishedPrescription(uuid4(), uuid4(), typed)
    prescriptions.save_draft(draft_store, clinician, begun)
    prescriptions.save_draft(
        draft_store, clinician, replace(begun, id=uuid4(), appointment_id=uuid4())
    )

    (kept,) = prescriptions.list_drafts(draft_store, clinician, begun.appointment_id)

    assert kept.draft == begun
    prescriptions.discard_draft(draft_store, clinician, begun.id)
    assert not prescriptions.list_drafts(draft_store, clinician, begun.appointment_id)


def test_however_many_notes_are_begun_drafts_of_documents_are_found(
    draft_store, clinician
):
    draft = begun()
    forms.save_draft(draft_store, clinician, draft)
    for _ in range(51):
        notes = medical_records.NotesDraft(uuid4(), ADA, 0, {"complaint": "Cough"})
        medical_records.save_draft(draft_store, clinician, notes)

    assert drafts_of(draft_store, clinician) == [draft]
    assert len(medical_records.list_drafts(draft_store, clinician, ADA)) == 50


def test_a_draft_of_a_form_that_is_no_more_is_left_out(draft_store, clerk):
    forms.save_draft(draft_store, clerk, begun(template="no_longer"))

    assert drafts_of(draft_store, clerk) == []


def test_after_a_new_key_drafts_are_sealed_anew_and_still_open(mongo, clerk, tmp_path):
    url, database = mongo
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    with closing(DraftStore(url, database.name, keys=keys)) as draft_store:
        draft = begun()
        forms.save_draft(draft_store, clerk, draft)
        old = keys.primary
        keys.add()

        assert (draft_store.rewrap(), draft_store.rewrap()) == (1, 0)
        keys.drop(old)
        assert drafts_of(draft_store, clerk) == [draft]


def test_without_mongodb_the_refusal_says_that_nothing_typed_is_lost(clerk, file_keys):
    with (
        closing(
            DraftStore("mongodb://127.0.0.1:1/?connectTimeoutMS=100", keys=file_keys)
        ) as draft_store,
        pytest.raises(forms.DraftsUnreachable, match="still on this page"),
    ):
        forms.save_draft(draft_store, clerk, begun())


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_who_may_not_file_documents_has_no_drafts(draft_store, clerk, role):
    actor = replace(clerk, role=type(clerk.role)(role))

    for call in (
        lambda: forms.save_draft(draft_store, actor, begun()),
        lambda: forms.list_drafts(draft_store, actor, ADA),
        lambda: forms.discard_draft(draft_store, actor, uuid4()),
    ):
        with pytest.raises(NotAllowed):
            call()
