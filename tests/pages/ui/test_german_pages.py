"""A patient who has chosen German finds no English sentence on their pages."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from dashboard.ui.language import GERMAN, using_language
from db.models.user import User
from services.core.actors import Role
from services.documents.records.model import DocumentRecord
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.visits.booking import bookings
from tests.kit import cast
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic
from tests.services.pdf.samples import letter
from tests.services.visits.booking.bookings import samples

PAGES = (
    "my_record",
    "my_contact",
    "documents",
    "create_document",
    "upload_documents",
    "trash",
    "visits",
    "book",
    "doctors",
    "accesses",
    "notifications",
    "check_prescription",
    "account",
    "roles",
)


def test_english_is_found_in_any_place() -> None:
    assert english(["My record", "Version 3", "Meine Akte", "In 3 days"]) == {
        "My record",
        "In 3 days",
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_patient_is_german(german: Clinic, page: str) -> None:
    app = german.open(page, Role.PATIENT)

    assert english(texts_of(app)) == set()


def test_a_document_is_german(
    german: Clinic, maya: UUID, file: Callable[..., DocumentRecord]
) -> None:
    record = file(
        letter("Kein Wort"), of=maya, title="Brief", dated_on=date(2026, 9, 5)
    )

    app = german.open("document", Role.PATIENT, document=record.id)
    listed = german.open("documents", Role.PATIENT)

    assert english(texts_of(app)) == set()
    assert any("1 Dokument" in text for text in texts_of(listed))
    assert "5.\u00a0Sept. 2026" in set(texts_of(listed))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("visit_questionnaire", "Grund des Termins fehlt; bitte eintragen."),
        ("health_statement", "Bestätigen und hochladen"),
    ],
)
def test_a_form_is_refused_or_looked_at_in_german(
    german: Clinic, form: str, said: str
) -> None:
    app = german.open("create_document", Role.PATIENT, template=form)

    # The test itself fills in a choice.
    with using_language(GERMAN):
        app.button(key="create_document_generate").click().run()

    assert english(texts_of(app)) == set()
    assert said in " ".join(texts_of(app)).replace("\\", "")


def test_notifications_are_read_in_german(german: Clinic) -> None:
    maya = german.cast[Role.PATIENT]
    for topic in (NotificationTopic.DOCUMENT, NotificationTopic.OFFER):
        tell = partial(
            user_notifications.tell,
            topic=topic,
            people=User.id == maya.id,
            subject_id=maya.id,
        )
        german.write(tell)

    app = german.open("notifications", Role.PATIENT)
    said = " ".join(texts_of(app)).replace("\\", "")
    unread = english(texts_of(app))
    app.button(key="notifications_mark_all").click().run()

    assert "Ihre Klinik hat ein Dokument für Sie abgelegt." in said
    assert "Sie ist eine Viertelstunde lang für Sie reserviert." in said
    assert unread | english(texts_of(app)) == set()
    assert app.toast[0].value.endswith("Mitteilungen sind als gelesen markiert.")


def test_a_visit_is_booked_in_german(german: Clinic, maya: UUID) -> None:
    def booked(session: Any) -> UUID:
        doctor = cast.add_doctor(session)
        slots = [samples.slot(session, doctor, number) for number in range(3)]
        held = samples.hold(session, german.clerk, slots[0], maya)
        bookings.confirm(session, german.clerk, held.id)
        samples.hold(session, german.cast[Role.PATIENT], slots[1], maya)
        return UUID(str(doctor.id))

    doctor_id = german.write(booked)
    pages = [
        german.open("doctor", Role.PATIENT, doctor=doctor_id),
        german.open("visits", Role.PATIENT),
        german.open("my_record", Role.PATIENT),
    ]

    assert [english(texts_of(page)) for page in pages] == [set()] * len(pages)
    said = " ".join(texts_of(pages[0]))
    assert "ist reserviert" in said
    assert "Termin bestätigen" in said


def test_a_refusal_is_said_in_german(german: Clinic) -> None:
    app = german.open("document", Role.PATIENT, document=UUID(int=7))

    (refused,) = app.warning
    assert refused.proto.body == "Dokument nicht gefunden"
