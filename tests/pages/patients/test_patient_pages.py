"""One patient on screen: read, changed, archived, restored, photographed, merged."""

from datetime import UTC, datetime
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from services.core.actors import Role
from services.patients.photos import photos
from services.patients.records import deaths
from services.patients.records.model import PatientRecord
from services.visits.front_desk import appointments
from tests.kit import cast
from tests.kit.round_trips import statements_of_pages
from tests.pages.conftest import Clinic, markdown_of
from tests.pages.document_samples import press, said
from tests.services.visits import visit_samples


def picture() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(kept, "PNG")
    return kept.getvalue()


def test_the_header_shows_who_it_is_and_what_is_dangerous(clinic: Clinic):
    patient = clinic.register(first_name="Ada", last_name="B*ld", allergies=("Latex",))

    app = clinic.open("patient", patient=patient.id)

    assert app.title[0].value == r"B\*ld, Ada"
    assert ":red-badge[:material/warning: Allergy: Latex]" in markdown_of(app)
    assert "17 May 1980 (46 years)" in markdown_of(app)


def test_its_parts_are_read_and_recorded_together(clinic: Clinic):
    patient = clinic.register()

    with statements_of_pages() as statements:
        clinic.open("patient", patient=patient.id, part="time-line")

    parts = ("FROM appointments", "FROM prescriptions")
    first, *_, last = (
        place
        for place, words in enumerate(statements)
        if any(p in words for p in parts)
    )
    between = statements[first + 1 : last + 1]
    assert len(between) == 1
    assert not any("BEGIN" in words for words in between)
    for action in ("visit:list", "prescription:read"):
        assert [e.patient_id for e in clinic.audit(action)][-1] == patient.id


def test_what_an_opened_patient_begins_with_is_read_and_recorded_at_once(
    clinic: Clinic,
):
    patient = clinic.register()

    with statements_of_pages() as statements:
        clinic.open("patient", patient=patient.id)

    begins_with = ("patients", "break_glass_accesses", "appointments", "documents")
    places = [
        next(n for n, words in enumerate(statements) if f"\nFROM {table}" in words)
        for table in begins_with
    ]
    assert places == list(range(places[0], places[0] + len(begins_with)))
    for action in ("patient:read", "visit:list"):
        assert [e.patient_id for e in clinic.audit(action)][-1] == patient.id


def test_an_opened_part_alone_is_read(clinic: Clinic):
    patient = clinic.register()

    with statements_of_pages() as statements:
        clinic.open("patient", patient=patient.id, part="details")

    assert not any("\nFROM appointments" in words for words in statements)


def test_a_part_that_breaks_takes_no_other_along(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    monkeypatch.setattr(appointments, "list_of_patient", lambda *_: 1 / 0)

    app = clinic.open("patient", patient=patient.id)

    (broken,) = app.error
    assert "Something went wrong" in broken.value
    headings = [heading.value for heading in app.subheader]
    assert headings[0] == "Next visit"
    assert headings[-2:] == ["Medical history", "Documents"]
    assert app.caption[-1].value.startswith("as of")


def test_silence_about_allergies_is_not_shown_as_none(clinic: Clinic):
    silent = clinic.open("patient", patient=clinic.register().id)
    stated = clinic.open("patient", patient=clinic.register(no_known_allergies=True).id)

    assert "Allergies not stated" in markdown_of(silent)
    assert "No known allergies" in markdown_of(stated)


def test_an_address_that_names_no_patient_is_explained(clinic: Clinic):
    for wrong in ("", "x", str(uuid4())):
        app = clinic.open("patient", patient=wrong)

        assert app.warning


def test_a_patient_sees_their_own_record_and_changes_contact_alone(
    clinic: Clinic,
):
    app = clinic.start(Role.PATIENT)

    first, last = clinic.cast[Role.PATIENT].name.split()
    assert app.title[0].value == f"{last}, {first}"
    assert [button.key for button in app.button] == [
        "guide_help",
        "patient_home_book",
        "my_record_contact",
        "my_record_book",
        "my_record_all_visits",
        "my_record_create",
        "my_record_upload",
        "my_record_check_prescription",
    ]
    # Data for programs and support means nothing to them.
    (since,) = [c.value for c in app.caption if c.value.startswith("Registered ")]
    assert "version" not in since


def test_an_archived_record_says_so_and_can_be_restored(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("patient", patient=patient.id)
    app.button(key="patient_archive").click().run()
    archive(clinic, patient)

    archived = clinic.open("patient", patient=patient.id)
    text = said(archived)
    archived.button(key="patient_restore").click().run()

    assert "removed from lists" in markdown_of(app)
    assert "This record is archived." in text
    assert not clinic.get(patient.id).is_archived
    assert "patient_edit" in {button.key for button in archived.button}


def test_an_archived_record_does_not_offer_what_would_be_refused(clinic: Clinic):
    patient = clinic.register()
    adding = {"patient_book", "patient_create", "patient_upload"}
    before = {
        button.key for button in clinic.open("patient", patient=patient.id).button
    }

    archive(clinic, patient)

    archived = clinic.open("patient", patient=patient.id)
    assert adding <= before
    assert not adding & {button.key for button in archived.button}
    visits = clinic.open("visits", patient=patient.id)
    assert not {"visits_book", "visits_find"} & {button.key for button in visits.button}
    book = clinic.open("book", patient=patient.id)
    assert "This record is archived. Until somebody" in book.warning[0].value


def test_nobody_books_for_or_invites_a_patient_who_has_died(clinic: Clinic):
    patient = clinic.register()
    died = datetime.now(UTC).date()
    clinic.write(
        lambda s: deaths.record_death(
            s, clinic.clerk, patient.id, died, version=1, today=died
        )
    )

    app = clinic.open("patient", patient=patient.id)

    # A certificate or a late result is still filed.
    offered = {button.key for button in app.button}
    assert "patient_upload" in offered
    assert not {"patient_book", "patient_invite"} & offered


def archive(clinic: Clinic, patient: PatientRecord) -> None:
    from services.patients.records import patients

    clinic.write(
        lambda session: patients.archive(
            session, clinic.clerk, patient.id, version=patient.version
        )
    )


def test_a_summary_of_the_chart_is_offered_to_print(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("patient", patient=patient.id)

    links = {link.proto.label: link.proto.url for link in app.get("link_button")}
    assert links["Print summary"].startswith(
        f"/files/patients/{patient.id}/summary.pdf"
    )


def test_a_record_is_archived_once_that_is_confirmed(clinic: Clinic):
    patient = clinic.register()
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)
    now = datetime.now(UTC)
    clinic.write(lambda s: visit_samples.visit(s, doctor, patient.id, now))
    app = clinic.open("patient", patient=patient.id)
    app.button(key="patient_archive").click().run()
    was_archived = clinic.get(patient.id).is_archived
    warned = [warning.value for warning in app.warning]

    press(app, "patient_archive", "patient_archive_confirm")

    assert not was_archived
    name = f"{patient.first_name} {patient.last_name}"
    assert f"{name} is expected today." in warned
    assert clinic.get(patient.id).is_archived
    assert "patient_restore" in {button.key for button in app.button}


def test_a_saved_change_is_on_the_next_page(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("edit", patient=patient.id)
    app.text_input(key="edit_address").set_value("1 New Road")

    app.button(key="edit_save").click().run()

    assert clinic.get(patient.id).address == "1 New Road"
    assert ", Ada" in app.title[0].value
    assert any("is saved" in toast.value for toast in app.toast)


def test_every_problem_is_shown_at_once_and_nothing_typed_is_lost(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("edit", patient=patient.id)
    app.text_input(key="edit_date_of_birth").set_value("1980-01-1998")
    app.text_input(key="edit_phone_number").set_value("12")

    app.button(key="edit_save").click().run()

    assert "2 highlighted fields" in app.error[0].value
    assert "not a date" in markdown_of(app)
    assert "10 to 15 digits" in markdown_of(app)
    assert app.text_input(key="edit_phone_number").value == "12"
    assert clinic.get(patient.id).version == 1


def test_an_edit_that_leaves_nobody_to_reach_is_explained_on_the_page(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("edit", patient=patient.id)
    app.text_input(key="edit_email").set_value("")

    app.button(key="edit_save").click().run()

    assert "needs at least one of them" in markdown_of(app)
    assert clinic.get(patient.id).email == patient.email


def stale(clinic: Clinic) -> tuple[AppTest, PatientRecord]:
    """Return a form whose record a colleague has changed meanwhile."""
    patient = clinic.register(address="1 Old Road", phone_number="0123456789")
    app = clinic.open("edit", patient=patient.id)
    clinic.edit(patient, phone_number="9876543210")
    app.text_input(key="edit_address").set_value("2 New Road")
    return app.button(key="edit_save").click().run(), patient


def test_a_stale_edit_shows_both_versions_and_keeps_what_was_typed(clinic: Clinic):
    app, patient = stale(clinic)

    assert app.warning[0].proto.title == "Somebody else changed this record"
    values = {radio.label: tuple(radio.options) for radio in app.radio}
    assert values["Address"] == ("1 Old Road", "2 New Road")
    assert values["Phone number"] == ("9876543210", "0123456789")
    assert clinic.get(patient.id).address == "1 Old Road"


def test_an_edit_that_a_double_click_saved_already_is_not_a_conflict(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("edit", patient=patient.id)
    app.text_input(key="edit_address").set_value("1 New Road")
    # The first click of two: it saved, and its run ended before it left the page.
    clinic.edit(patient, address="1 New Road")

    app.button(key="edit_save").click().run()

    assert ", Ada" in app.title[0].value
    assert any("is saved" in toast.value for toast in app.toast)


def test_a_stale_edit_is_saved_with_what_each_has_changed(clinic: Clinic):
    app, patient = stale(clinic)

    app.button(key="edit_resolve").click().run()

    saved = clinic.get(patient.id)
    assert (saved.address, saved.phone_number) == ("2 New Road", "9876543210")


def test_the_value_that_somebody_chooses_wins(clinic: Clinic):
    app, patient = stale(clinic)
    app.radio(key="edit_address_side").set_value("left").run()

    app.button(key="edit_resolve").click().run()

    assert clinic.get(patient.id).address == "1 Old Road"


def test_a_second_change_in_the_meantime_is_shown_again(clinic: Clinic):
    app, patient = stale(clinic)
    clinic.edit(clinic.get(patient.id), address="3 Third Road")

    app.button(key="edit_resolve").click().run()

    (address,) = [radio for radio in app.radio if radio.label == "Address"]
    assert tuple(address.options) == ("3 Third Road", "2 New Road")


def test_a_record_opened_anew_shows_the_newest_version(clinic: Clinic):
    patient = clinic.register(address="1 Old Road")
    app = clinic.open("edit", patient=patient.id)
    clinic.edit(patient, address="2 New Road")

    clinic.catch_up(app).run()

    assert app.text_input(key="edit_address").value == "2 New Road"


def test_a_likely_duplicate_is_offered_after_an_edit_and_compared(clinic: Clinic):
    known = clinic.register(first_name="Zelda", last_name="Quartermain")
    patient = clinic.register(first_name="Zola", last_name="Martin")
    app = clinic.open("edit", patient=patient.id)
    app.text_input(key="edit_first_name").set_value("Zelda")
    app.text_input(key="edit_last_name").set_value("Quartermain")

    app.button(key="edit_save").click().run()

    assert "May be the same person" in {h.value for h in app.subheader}

    # AppTest sends a click on the page that followed to the first page.
    app = clinic.open("patient", patient=patient.id)
    app.button(key=f"patient_candidate_{known.id}").click().run()
    assert app.title[0].value == "Merge two records"
    assert "Kept: **Zelda Quartermain**" in markdown_of(app)


def test_a_photo_is_saved_and_removed(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("photo", patient=patient.id)
    app.file_uploader(key="photo_upload").set_value(("me.png", picture(), "image/png"))
    app.button(key="photo_save").click().run()
    kept = clinic.get(patient.id).photo_file_id

    other = clinic.open("photo", patient=patient.id)
    other.button(key="photo_remove").click().run()

    assert kept is not None
    assert clinic.get(patient.id).photo_file_id is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://testserver",
        "https://front.desk",
        "http://book:8501",
        "https://clinic.day",
    ],
)
def test_a_photo_travels_over_our_own_route_only_whatever_the_host_is_called(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, origin: str
):
    monkeypatch.setattr(ContextProxy, "headers", {"Origin": origin})
    patient = clinic.register()
    prepared = photos.prepare(picture())
    clinic.write(
        lambda session: photos.attach(
            session, clinic.wiring.files, clinic.clerk, patient.id, prepared, version=1
        )
    )

    app = clinic.open("patient", patient=patient.id)

    (url,) = app.image[0].value
    assert url.startswith(f"{origin}/files/patients/{patient.id}/photo?size=thumbnail")


def test_a_file_that_is_no_picture_is_refused_in_words(clinic: Clinic):
    app = clinic.open("photo", patient=clinic.register().id)
    app.file_uploader(key="photo_upload").set_value(("x.png", b"hello", "image/png"))

    app.button(key="photo_save").click().run()

    assert app.error
    assert app.title


def test_a_merge_keeps_the_chosen_values_and_archives_the_other(clinic: Clinic):
    kept = clinic.register(address="1 Kept Road", allergies=("Latex",))
    other = clinic.register(address="2 Other Road", allergies=("Nuts",))
    app = clinic.open("merge", patient=kept.id, other=other.id)
    app.radio(key=f"merge_{kept.id}_address_side").set_value("right").run()

    app.button(key="merge_submit").click().run()
    press(app, "merge_submit", "merge_confirm")

    merged = clinic.get(kept.id)
    assert merged.address == "2 Other Road"
    assert set(merged.allergies) == {"Latex", "Nuts"}
    assert clinic.get(other.id).merged_into_id == kept.id
    assert clinic.get(other.id).is_archived
    name = f"{merged.last_name}, {merged.first_name}"
    assert app.title[0].value == name
    assert any(toast.value.startswith("Records merged: ") for toast in app.toast)

    app = clinic.open("patient", patient=other.id)
    assert "This record was merged into another one." in said(app)
    app.button(key="patient_kept").click().run()
    assert app.title[0].value == name
    assert app.query_params["patient"] == str(kept.id)


def test_a_record_is_not_merged_with_itself(clinic: Clinic):
    patient = clinic.register()

    app = clinic.open("merge", patient=patient.id, other=patient.id)

    assert "the same record" in app.error[0].value


def test_a_search_for_a_year_alone_says_that_a_name_is_needed(clinic: Clinic):
    app = clinic.open("patients")

    app.text_input(key="patients_search").set_value("1922").run()

    assert not app.exception
    said = markdown_of(app)
    assert "A year of birth is searched for beside a name" in said
    assert "spelling" not in said
