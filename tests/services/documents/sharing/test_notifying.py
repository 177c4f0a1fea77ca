"""Only those who are shown a document that the clinic filed are notified of it."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from db.models.user import UserNotification
from db.postgres import SYSTEM
from services.core.actors import Actor
from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.documents.records.model import DocumentRecord
from services.documents.sharing import notifying, readers
from services.messaging import user_notifications
from services.pdf import waiting
from tests.kit import cast
from tests.services.documents.records.samples import content, file
from tests.services.patients.clinic_samples import Clinic

HELD_BACK = {"confidential": True, "withheld": True}


@pytest.fixture(scope="module")
def ada(clinic: Clinic) -> Actor:
    return clinic.invite(clinic.ada)


@pytest.fixture(autouse=True)
def _no_notifications(clinic: Clinic) -> None:
    nothing = delete(UserNotification)
    clinic.database.write(lambda s: s.execute(nothing) and None, identity=SYSTEM)


def file_of(clinic: Clinic, actor: Actor, **facts: Any) -> DocumentRecord:
    of = facts.pop("of", clinic.grace)
    return clinic.write(actor, partial(file, actor=actor, of=of, **facts))


def change(
    clinic: Clinic, actor: Actor, document: DocumentRecord, **changes: Any
) -> DocumentRecord:
    wanted = replace(ChangedDocument.of(document), **changes)
    return clinic.write(
        actor,
        lambda s: records.change(
            s, actor, document.id, wanted, revision=document.revision
        ),
    )


def notified_documents(clinic: Clinic, actor: Actor) -> list[Any]:
    """Return the documents of which somebody was notified."""
    listed = clinic.read(actor, lambda s: user_notifications.list_own(s, actor))
    return [notification.subject_id for notification in listed]


@pytest.mark.parametrize("author", ["cleo", "dora"])
@pytest.mark.parametrize("facts", [{}, {"confidential": True}], ids=["any", "sealed"])
def test_a_patient_is_told_of_what_the_clinic_files(clinic, grace, ada, author, facts):
    filed = file_of(clinic, getattr(clinic, author), **facts)

    assert notified_documents(clinic, grace) == [filed.id]
    assert notified_documents(clinic, ada) == []


def test_a_notification_tells_nothing_of_what_is_in_the_document(clinic, grace):
    file_of(clinic, clinic.dora, title="Blood count of Grace")

    (notification,) = clinic.read(
        grace, lambda s: user_notifications.list_own(s, grace)
    )

    assert notification.sentence == "Your clinic filed a document for you."
    assert notification.detail == ""


@pytest.mark.parametrize(
    "facts",
    [
        HELD_BACK,
        {"of": None},
        {"holding": content(b"waits", scan="waiting")},
        {"holding": content(b"bad", scan="infected")},
    ],
    ids=["not shown to the patient", "unfiled", "not scanned yet", "infected"],
)
def test_what_is_not_shown_to_the_patient_is_not_told(clinic, grace, facts):
    file_of(clinic, clinic.cleo, **facts)

    assert notified_documents(clinic, grace) == []


def test_patients_are_not_told_of_what_they_filed_themselves(clinic, grace):
    file_of(clinic, grace)

    assert notified_documents(clinic, grace) == []


def test_who_files_the_same_again_tells_once(clinic, grace):
    filed = file_of(clinic, clinic.cleo)

    change(clinic, clinic.cleo, filed, title="Another name")

    assert notified_documents(clinic, grace) == [filed.id]


def test_what_is_shown_to_the_patient_later_is_told_then_and_taken_back_with_it(
    clinic, grace
):
    filed = file_of(clinic, clinic.dora, **HELD_BACK)
    shown = change(clinic, clinic.dora, filed, withheld=False)
    heard = notified_documents(clinic, grace)

    change(clinic, clinic.dora, shown, withheld=True)

    assert heard == [filed.id]
    assert notified_documents(clinic, grace) == []


def test_what_is_filed_under_another_patient_is_theirs_to_hear_of(clinic, grace, ada):
    wrong = file_of(clinic, clinic.cleo, of=clinic.ada)

    change(clinic, clinic.cleo, wrong, patient_id=clinic.grace.id)

    assert (notified_documents(clinic, ada), notified_documents(clinic, grace)) == (
        [],
        [wrong.id],
    )


def test_of_a_deleted_document_nobody_hears(clinic, grace):
    filed = file_of(clinic, clinic.cleo)

    clinic.write(
        clinic.cleo,
        lambda s: records.delete(s, clinic.cleo, filed.id, revision=filed.revision),
    )

    assert notified_documents(clinic, grace) == []


@pytest.mark.parametrize(("verdict", "number"), [("clean", 1), ("infected", 0)])
def test_a_patient_is_told_once_a_file_is_found_clean(clinic, grace, verdict, number):
    held = content(b"waits", scan="waiting")
    file_of(clinic, clinic.cleo, holding=held)

    def settle(session):
        waiting.record_verdict(session, held.file_id, verdict)
        if verdict == "clean":
            notifying.notify_of_clean_file(session, held.file_id)

    for _ in range(2):
        clinic.database.write(settle, identity=SYSTEM)

    assert len(notified_documents(clinic, grace)) == number


def test_who_is_named_for_a_confidential_document_hears_by_whom(clinic):
    carl = _colleague(clinic)
    sealed = file_of(clinic, clinic.dora, confidential=True)

    _name(clinic, sealed, carl)

    (notification,) = clinic.read(carl, lambda s: user_notifications.list_own(s, carl))
    assert notification.subject_id == sealed.id
    assert notification.sentence == (
        f"{clinic.dora.name} lets you open a confidential document."
    )


def test_who_is_named_no_more_hears_no_more(clinic):
    carl = _colleague(clinic)
    sealed = file_of(clinic, clinic.dora, confidential=True)
    named = _name(clinic, sealed, carl)

    _name(clinic, named)

    assert notified_documents(clinic, carl) == []


def _colleague(clinic: Clinic) -> Actor:
    person = cast.invent_member(clinic.cleo.role)
    return clinic.database.write(
        lambda s: cast.add_actor(s, person), identity=SYSTEM
    ).value


def _name(clinic: Clinic, document: DocumentRecord, *people: Actor) -> DocumentRecord:
    ids = [person.id for person in people]
    return clinic.write(
        clinic.dora,
        lambda s: readers.name_readers(
            s, clinic.dora, document.id, ids, revision=document.revision
        ),
    )
