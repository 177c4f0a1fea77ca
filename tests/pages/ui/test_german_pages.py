"""A patient who has chosen German finds no sentence in English on their pages."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache, partial
from string import Formatter
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from dashboard.ui.language import GERMAN, speaking
from db.models.user import User
from services.core.actors import Role
from services.documents.records.model import DocumentRecord
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.people.accounts import choose_language
from services.visits.booking import bookings
from tests.kit import cast
from tests.kit.sentences import translations
from tests.pages.conftest import Clinic
from tests.services.pdf.samples import letter
from tests.services.visits.booking.bookings import samples

PAGES = (
    "my_record",
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
# So many words are a sentence, or a label that is no name of anything.
FEWEST_LETTERS = 3
# Around values it takes more: "and" between two of them stands anywhere.
FEWEST_AROUND_VALUES = 4
# Numbers; all else may be anything.
_VALUES = dict.fromkeys(("count", "number", "pages", "days"), r"[\d.,]+")


@pytest.fixture(scope="module")
def german(clinic: Clinic) -> Clinic:
    """A clinic whose patient has chosen German."""
    maya = clinic.cast[Role.PATIENT]
    clinic.write(lambda session: choose_language(session, maya, GERMAN))
    return clinic


def texts_of(app: AppTest) -> Iterator[str]:
    """Yield every text that was sent to the browser, dialogs and notices as well."""
    for element in _elements(app._tree):
        if element.proto is not None:
            yield from _strings(MessageToDict(element.proto))
        if element.type == "bidi_component" and element.proto.bytes:
            yield from _strings(json.loads(element.proto.bytes))


def english(texts: Iterable[str]) -> set[str]:
    """Return those of the texts that a catalogue has in English."""
    return {text for text in texts if _said_in_english().fullmatch(text)}


@cache
def _said_in_english() -> re.Pattern[str]:
    messages = [text for text, german in translations().items() if text != german]
    return re.compile("|".join(filter(None, map(_pattern, messages))))


def _pattern(message: str) -> str:
    if "%(" in message:
        return ""
    parts = list(Formatter().parse(message))
    letters = sum(map(str.isalpha, "".join(literal for literal, *_ in parts)))
    has_values = any(name for _, name, *_ in parts)
    if letters < (FEWEST_AROUND_VALUES if has_values else FEWEST_LETTERS):
        return ""
    return "".join(
        re.escape(literal) + _VALUES.get(name or "", ".+" if name else "")
        for literal, name, *_ in parts
    )


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield child
            yield from _elements(child)
        elif hasattr(child, "proto"):
            yield child


def _strings(data: object) -> Iterator[str]:
    match data:
        case str():
            yield data
        case dict():
            for value in data.values():
                yield from _strings(value)
        case list():
            for value in data:
                yield from _strings(value)


def test_english_is_found_in_any_place() -> None:
    assert english(["My record", "Version 3", "Meine Akte", "In 3 days"]) == {
        "My record",
        "In 3 days",
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_patient_is_german(german: Clinic, page: str) -> None:
    app = german.open(page, Role.PATIENT)

    assert not app.exception
    assert english(texts_of(app)) == set()


def test_a_document_is_german(
    german: Clinic, maya: UUID, file: Callable[..., DocumentRecord]
) -> None:
    record = file(
        letter("Kein Wort"), of=maya, title="Brief", dated_on=date(2026, 9, 5)
    )

    app = german.open("document", Role.PATIENT, document=record.id)
    listed = german.open("documents", Role.PATIENT)

    assert not app.exception
    assert english(texts_of(app)) == set()
    assert any("1 Dokument" in text for text in texts_of(listed))
    assert "5. Sept. 2026" in set(texts_of(listed))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("visit_questionnaire", "Grund des Termins fehlt; tragen Sie es ein."),
        ("health_statement", "Bestätigen und hochladen"),
    ],
)
def test_a_form_is_refused_or_looked_at_in_german(
    german: Clinic, form: str, said: str
) -> None:
    app = german.open("create_document", Role.PATIENT, template=form)

    # What stands in a choice, the test itself asks for.
    with speaking(GERMAN):
        app.button(key="create_document_generate").click().run()

    assert not app.exception
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

    assert not app.exception
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

    assert not any(page.exception for page in pages)
    assert [english(texts_of(page)) for page in pages] == [set()] * len(pages)
    said = " ".join(texts_of(pages[0]))
    assert "ist reserviert" in said
    assert "Termin bestätigen" in said


def test_a_refusal_is_said_in_german(german: Clinic) -> None:
    app = german.open("document", Role.PATIENT, document=UUID(int=7))

    (refused,) = app.warning
    assert refused.proto.body == "Dokument nicht gefunden"


def test_colleagues_are_spoken_to_in_english(german: Clinic) -> None:
    app = german.open("documents", Role.STAFF)

    assert "Dokumente" not in " ".join(texts_of(app))
