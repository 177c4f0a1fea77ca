"""A letter to several patients: previewed once, filed with each, refused if need be."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from io import BytesIO
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pypdfium2
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.documents.forms import bulk_letters
from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.record_table import TableEvent
from db.files.gridfs import Bucket
from db.models.document import Document
from services.core.actors import Role
from services.core.throttling import Limit
from services.documents import records
from services.patients.care import care
from services.patients.records import deaths, patients
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.kit.german_pages import left_english
from tests.pages.conftest import Clinic
from tests.pages.patients.test_several_patients import offered, said

PAGE = "patients_letters"
Choose = Callable[..., AppTest]


@pytest.fixture
def family(clinic: Clinic) -> list[PatientRecord]:
    """Three patients with a last name that nobody else has."""
    name = cast.invent_patient().last_name.removeprefix("Test ")
    return [
        clinic.register(first_name=first, last_name=name)
        for first in ("Ann", "Bea", "Cyd")
    ]


@pytest.fixture
def choose(clinic: Clinic, monkeypatch, family) -> Choose:
    """Tick some of the family and press *Write letter*."""

    def choose(*patients: PatientRecord, role: Role = Role.STAFF) -> AppTest:
        app = clinic.open("patients", role)
        app.text_input(key="patients_search").set_value(family[0].last_name).run()
        ids = tuple(str(patient.id) for patient in patients or family)
        event = TableEvent(selected=(ids, "letter"))
        monkeypatch.setattr(
            "dashboard.patients.search.patient_table.patient_table",
            lambda *_, **__: event,
        )
        return app.run()

    return choose


def write(app: AppTest, **words: str) -> AppTest:
    """Fill in what is the same in all letters, and preview one of them."""
    filled = {"subject": "New hours", "message": "We open at 7."} | words
    for name, text in filled.items():
        kind = app.text_area if name == "message" else app.text_input
        kind(key=f"{PAGE}_field_{name}").set_value(text)
    return app.button(key=f"{PAGE}_preview").click().run()


def filed_of(clinic: Clinic, patient: PatientRecord) -> list[Document]:
    """Return the documents filed for a patient."""
    wanted = select(Document).where(Document.patient_id == patient.id)
    return list(clinic.write(lambda s: s.scalars(wanted).all()))


def text_of(clinic: Clinic, document: Document) -> str:
    def read(session: Session) -> str:
        version = records.look_up(session, clinic.clerk, document.id).version
        return str(version.file_id)

    data = clinic.wiring.files.get(Bucket.DOCUMENTS, clinic.write(read)).data
    with closing(pypdfium2.PdfDocument(BytesIO(data))) as pdf:
        return " ".join(pdf[0].get_textpage().get_text_range().split())


def is_ready(app: AppTest) -> bool:
    """Return whether the letters can be filed."""
    return f"{PAGE}_file" in {button.key for button in app.button}


def file(app: AppTest) -> AppTest:
    return app.button(key=f"{PAGE}_file").click().run()


@pytest.mark.parametrize(
    ("role", "is_offered"),
    [(Role.STAFF, True), (Role.CLINICIAN, True), (Role.ANALYST, False)],
)
def test_who_files_documents_is_offered_to_write_letters(
    clinic: Clinic, family, role, is_offered
):
    clinic.write(
        lambda s: care.assign(
            s, clinic.clerk, family[0].id, clinic.cast[Role.CLINICIAN].id
        )
    )

    assert ("letter" in offered(clinic.open("patients", role))) is is_offered


def test_one_is_looked_at_then_each_has_their_own_in_the_record(
    clinic: Clinic, family, choose
):
    ann, bea, cyd = family
    app = write(choose(ann, bea))
    assert [picture.proto.imgs[0].url[:22] for picture in app.get("image")] == [
        "data:image/png;base64,"
    ]
    assert not filed_of(clinic, ann)

    file(app)

    assert "2 letters are filed" in said(app)
    for patient in (ann, bea):
        (letter,) = filed_of(clinic, patient)
        assert letter.title == "Letter: New hours"
        assert letter.document_type == "correspondence"
        text = text_of(clinic, letter)
        assert f"Dear {patient.first_name} {patient.last_name}, We open at 7." in text
    assert not filed_of(clinic, cyd)
    patient_ids = {event.patient_id for event in clinic.audit("document:file")[-2:]}
    assert patient_ids == {ann.id, bea.id}
    (link,) = [
        element.proto.url
        for element in app.get("link_button")
        if "Print 2 letters" in element.proto.label
    ]
    named = parse_qs(urlsplit(link).query)["document"]
    assert named == [str(filed_of(clinic, p)[0].id) for p in (ann, bea)]


def test_nothing_is_filed_that_nobody_has_looked_at(clinic: Clinic, family, choose):
    app = choose()
    assert not is_ready(app)

    write(app, subject="")
    assert "Please fix the highlighted fields: Subject" in app.error[0].value
    assert not is_ready(app)

    write(app)
    assert is_ready(app)
    app.text_area(key=f"{PAGE}_field_message").set_value("We open at 8.").run()
    assert not is_ready(app)


def test_what_cannot_be_printed_of_a_record_is_said_of_its_patient(
    clinic: Clinic, family, choose
):
    clinic.edit(family[0], address="12 \U0001f600 Street")

    app = write(choose(family[0]))

    (refusal,) = app.error
    assert "Address has characters that cannot be printed" in refusal.value
    assert not is_ready(app)


def test_who_cannot_get_one_is_named_and_the_others_have_theirs(
    clinic: Clinic, family, choose
):
    ann, bea, _ = family
    app = write(choose())
    died = date(2026, 1, 5)
    clinic.write(
        lambda s: deaths.record_death(
            s, clinic.clerk, ann.id, died, version=1, today=died
        )
    )
    clinic.write(lambda s: patients.archive(s, clinic.clerk, bea.id, version=1))

    file(app)

    assert "1 letter is filed" in said(app)
    assert f"Not “{ann.last_name}, Ann”: The patient has died" in said(app)
    assert f"Not “{bea.last_name}, Bea”: This record is archived" in said(app)
    assert [len(filed_of(clinic, patient)) for patient in family] == [0, 0, 1]


def test_a_clinician_writes_to_none_but_their_own_patients(
    clinic: Clinic, family, choose
):
    ann, bea, _ = family
    amara = clinic.cast[Role.CLINICIAN]
    for patient in (ann, bea):
        clinic.write(lambda s, p=patient: care.assign(s, clinic.clerk, p.id, amara.id))
    app = write(choose(ann, bea, role=Role.CLINICIAN))
    clinic.write(lambda s: care.end(s, clinic.clerk, bea.id, amara.id))

    file(app)

    assert f"Not “{bea.last_name}, Bea”: It is no longer there" in said(app)
    assert [len(filed_of(clinic, patient)) for patient in (ann, bea)] == [1, 0]


def test_all_of_a_short_list_get_one_where_that_is_said(clinic: Clinic, family, choose):
    app = choose(family[0])
    app.radio(key=f"{PAGE}_whom").set_value(True)
    write(app)

    file(app)

    assert "3 letters are filed" in said(app)
    assert [len(filed_of(clinic, patient)) for patient in family] == [1, 1, 1]


def test_a_long_list_is_to_be_filtered_first(
    clinic: Clinic, family, choose, monkeypatch
):
    monkeypatch.setattr(bulk_letters, "MOST", 2)

    app = choose(family[0])

    assert "at most 2 patients at once" in "\n".join(str(c.value) for c in app.caption)
    assert not app.radio


def test_stopped_half_way_and_filed_again_each_has_one(clinic: Clinic, family, choose):
    begun = (uuid4(), datetime.now(UTC))
    app = choose(family[0])
    for _ in range(2):
        app.session_state[f"{PAGE}_begun"] = begun
        file(write(app))
        assert "1 letter is filed" in said(app)

    assert len(filed_of(clinic, family[0])) == 1


def test_stopped_half_way_and_written_otherwise_each_has_that_too(
    clinic: Clinic, family, choose
):
    begun = (uuid4(), datetime.now(UTC))
    app = choose(family[0])
    for message in ("We open at 7.", "We open at 8."):
        app.session_state[f"{PAGE}_begun"] = begun
        file(write(app, message=message))
        assert "1 letter is filed" in said(app)

    assert len(filed_of(clinic, family[0])) == 2


def test_what_was_written_stays_for_those_who_are_left(
    clinic: Clinic, family, choose, monkeypatch
):
    few = Limit("uploads-less", 2, 3600, "Too many uploads.")
    with monkeypatch.context() as patch:
        patch.setattr("services.core.throttling.UPLOADS_STAFF", few)
        app = file(write(choose()))
        assert "2 letters are filed" in said(app)

    app.run()
    assert app.text_area(key=f"{PAGE}_field_message").value == "We open at 7."
    app.button(key=f"{PAGE}_preview").click().run()
    file(app)

    assert "3 letters are filed" in said(app)
    assert [len(filed_of(clinic, patient)) for patient in family] == [1, 1, 1]


def test_too_many_papers_an_hour_end_it_and_name_who_is_left(
    clinic: Clinic, family, choose, monkeypatch
):
    few = Limit("uploads-few", 2, 3600, "Too many uploads.")
    monkeypatch.setattr("services.core.throttling.UPLOADS_STAFF", few)
    app = write(choose())

    file(app)

    assert "2 letters are filed" in said(app)
    assert f"Not “{family[2].last_name}, Cyd”: Too many uploads" in said(app)


@pytest.mark.parametrize("form", ["letter", "recall_letter", "referral_letter"])
def test_all_of_it_is_german_for_who_reads_german(
    clinic: Clinic, family, choose, form, monkeypatch
):
    clinic.speak_german(Role.STAFF)
    german = clinic.wiring.settings.model_copy(update={"language": GERMAN})
    monkeypatch.setattr(clinic.wiring, "settings", german)
    with using_language(GERMAN):
        app = choose(family[0], family[1])
        app.selectbox(key=f"{PAGE}_template").set_value(form).run()
        app.button(key=f"{PAGE}_preview").click().run()
        first = left_english(app)
        if form == "letter":
            write(app)
            first |= left_english(app)
            file(app)
            assert "2 Briefe sind abgelegt" in said(app)
            (letter,) = filed_of(clinic, family[0])
            assert letter.title == "Brief: New hours"
            assert "Guten Tag Ann " in text_of(clinic, letter)

        assert first | left_english(app) == set()
