"""A patient's chart part by part: deep links, what each part reads, the time line."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.patients.chart import depth
from dashboard.patients.chart.timeline import ChartEvent, EventKind
from db.models.patient import ClinicalEntry
from services.consultations import notes
from services.consultations.chart import LabelPaper
from services.core.actors import Role
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit.round_trips import statements_of_pages
from tests.pages.conftest import Clinic, markdown_of, rows_of
from tests.pages.document_samples import press
from tests.services.visits import visit_samples

PARTS = {
    "overview": "Next visit",
    "time-line": "2026",
    "visits": "Earlier visits",
    "vital-signs": "Pulse",
    "documents": "Documents",
    "prescriptions": "Prescriptions",
    "details": "Contact",
}
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
_DAYS = count()


@pytest.fixture
def ada(clinic: Clinic) -> PatientRecord:
    return treated(clinic)


def treated(clinic: Clinic, **facts) -> PatientRecord:
    """Register a patient whom the clinician treats."""
    patient = clinic.register(allergies=("Penicillin",), **facts)
    clinician = clinic.cast[Role.CLINICIAN].id
    clinic.write(lambda s: care.assign(s, clinic.clerk, patient.id, clinician))
    return patient


def visit_with(
    clinic: Clinic, doctor_id: UUID, patient: PatientRecord, year: int = 2026, **typed
) -> UUID:
    """Add a completed visit with notes, each on a day of its own."""
    starts_at = NOON.replace(year=year) - timedelta(days=next(_DAYS))
    visit_id = clinic.write(
        lambda s: visit_samples.visit(
            s, doctor_id, patient.id, starts_at, status="completed"
        )
    )
    actor = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: notes.save(s, actor, visit_id, typed, number=0))
    return visit_id


def opened(clinic: Clinic, patient: PatientRecord, part: str) -> AppTest:
    app = clinic.open("patient", Role.CLINICIAN, patient=patient.id, part=part)
    assert not app.error
    return app


def headings(app: AppTest) -> list[str]:
    return [heading.value for heading in app.subheader]


@pytest.mark.parametrize(("part", "heading"), PARTS.items(), ids=PARTS)
def test_an_address_opens_a_part_and_no_other(clinic, doctor_id, ada, part, heading):
    visit_with(clinic, doctor_id, ada, pulse="72")

    shown = headings(opened(clinic, ada, part))

    assert heading in shown
    others = {"Next visit", "2026", "Earlier visits", "Pulse", "Contact"} - {heading}
    assert not others & set(shown)


def test_who_waits_is_shown_before_a_visit_that_was_missed_today(
    clinic, doctor_id, ada
):
    # Both on a day that is not over, whatever the hour.
    soon = visit_samples.soon()
    for starts_at, status in (
        (soon, "scheduled"),
        (soon + timedelta(minutes=30), "checked-in"),
    ):
        clinic.write(
            lambda s, at=starts_at, status=status: visit_samples.visit(
                s,
                doctor_id,
                ada.id,
                at,
                status=status,
                checked_in_at=soon if status == "checked-in" else None,
            )
        )

    app = opened(clinic, ada, "overview")

    said = [element.value for element in app.markdown]
    assert any("Checked in" in words for words in said)
    assert not any("Booked" in words for words in said)


def test_the_address_follows_the_part_that_is_chosen(clinic, ada):
    app = opened(clinic, ada, "overview")

    app.session_state["patient_part"] = ":gray[Details]"
    app.run()

    assert "Contact" in headings(app)
    assert app.query_params["part"] in ("details", ["details"])


def test_a_link_to_a_part_counts_again_after_another_page(clinic, doctor_id, ada):
    visit_with(clinic, doctor_id, ada, pulse="72")
    app = opened(clinic, ada, "time-line")
    app.query_params.clear()
    clinic.at_page(app, "home").run()

    clinic.at_page(app, "patient", patient=ada.id, part="time-line").run()

    assert "2026" in headings(app)


def test_a_part_that_nobody_knows_is_the_first_one(clinic, ada):
    assert headings(opened(clinic, ada, "nonsense"))[0] == "Next visit"


def test_the_desk_has_no_part_of_notes(clinic, doctor_id, ada):
    visit_with(clinic, doctor_id, ada, pulse="72", diagnoses="I10 High blood pressure")

    for part in ("overview", "vital-signs", "time-line"):
        app = clinic.open("patient", patient=ada.id, part=part)

        assert not app.metric
        assert "Problems and diagnoses" not in headings(app)
        assert "High blood pressure" not in str(list(app.markdown))
        assert ":gray[Vital signs]" not in [tab.label for tab in app.tabs]


def test_a_summary_to_take_along_is_offered_in_the_language_of_the_page(clinic, ada):
    for app, patient_id in (
        (opened(clinic, ada, "overview"), ada.id),
        (clinic.open("my_record", Role.PATIENT), clinic.cast[Role.PATIENT].patient_id),
    ):
        links = {link.proto.label: link.proto.url for link in app.get("link_button")}
        path = f"/files/patients/{patient_id}/patient-summary.pdf?language=en"
        assert links["Patient summary (PDF)"].startswith(path)


def test_labels_are_printed_from_the_first_free_one_of_a_sheet(clinic, ada):
    app = opened(clinic, ada, "overview")
    app.session_state["patient_labels_paper"] = LabelPaper.SHEET
    app.session_state["patient_labels_first"] = 23

    app.button(key="patient_labels").click().run()

    links = {link.proto.label: link.proto.url for link in app.get("link_button")}
    assert "/labels.pdf?paper=70x37&labels=2&first=23" in links["Print 2 labels"]
    assert "Row 8, column 2" in [caption.value for caption in app.caption]


@pytest.mark.parametrize(
    ("first", "number", "said"),
    [
        (None, 2, "First free label of the sheet is empty. Type a number."),
        (25, 2, "First free label of the sheet must be a number from 1 to 24."),
        (23, None, "Number of labels is empty. Type a number."),
        (23, 0, "Number of labels must be a number from 1 to 24."),
    ],
)
def test_no_labels_are_printed_in_a_number_that_nobody_typed(
    clinic, ada, first, number, said
):
    app = opened(clinic, ada, "overview")
    app.session_state["patient_labels_paper"] = LabelPaper.SHEET
    app.session_state["patient_labels_first"] = first
    app.session_state[f"patient_labels_number_{LabelPaper.SHEET}_23"] = number

    app.button(key="patient_labels").click().run()

    assert [each.value for each in app.error] == [said]
    assert "labels.pdf" not in str([link.proto.url for link in app.get("link_button")])
    assert app.number_input(key="patient_labels_first").value == first


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("visits", ("patient_earlier", "patient_earlier_more")),
        ("time-line", ("patient_timeline_2026", "patient_timeline_all")),
    ],
)
def test_a_long_history_says_where_it_is_cut_and_goes_on(
    clinic, doctor_id, monkeypatch, part, keys
):
    ada, (table, more) = treated(clinic), keys
    monkeypatch.setattr(depth, "AT_A_TIME", 2)
    for _ in range(3):
        visit_with(clinic, doctor_id, ada, pulse="72")

    app = opened(clinic, ada, part)
    cut = rows_of(app, table)
    assert any("The latest 2 " in element.value for element in app.markdown)
    app.button(key=more).click().run()

    # Each visit has a row; on the time line its vital signs have another.
    assert len(cut) / 2 == len(rows_of(app, table)) / 3 > 0
    assert more not in {button.key for button in app.button}


def test_vital_signs_and_diagnoses_say_of_how_many_visits_they_are(
    clinic, doctor_id, ada, monkeypatch
):
    monkeypatch.setattr(depth, "AT_A_TIME", 1)
    for name in ("I10 High blood pressure", "R05 Cough"):
        visit_with(clinic, doctor_id, ada, pulse="72", diagnoses=name)

    app = opened(clinic, ada, "overview")
    assert "I10" in markdown_of(app)
    assert "R05" not in markdown_of(app)
    app.button(key="diagnoses_more").click().run()

    assert "R05" in markdown_of(app)
    assert opened(clinic, ada, "vital-signs").button(key="vitals_more")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_reads_no_more_often_for_a_long_history(clinic, doctor_id, part):
    def reads_with(visits: int) -> list[str]:
        patient = treated(clinic)
        for _ in range(visits):
            visit_with(clinic, doctor_id, patient, pulse="72", diagnoses="R05 Cough")
        with statements_of_pages() as statements:
            opened(clinic, patient, part)
        # Any page asks now and then who is here, and how far a replica is.
        return [
            words.split("WHERE")[0]
            for words in statements
            if words.startswith("SELECT") and "FROM users" not in words
        ]

    short, long = reads_with(1), reads_with(4)

    assert long == short
    assert len(short) <= 8


def test_the_overview_says_what_is_known_of_all_visits(clinic, doctor_id, ada):
    visit_with(clinic, doctor_id, ada, systolic="150", diastolic="95", pulse="72")
    visit_with(clinic, doctor_id, ada, diagnoses="I10 High blood pressure")
    visit_with(clinic, doctor_id, ada, pulse="70", diagnoses="I10 Hypertension\nCough")

    app = opened(clinic, ada, "overview")

    metrics = {metric.label: metric for metric in app.metric}
    assert metrics["Blood pressure, mmHg"].value == "150/95"
    assert metrics["Blood pressure, mmHg"].delta == "high"
    assert metrics["Pulse, /min"].value == "72"
    said = markdown_of(app)
    assert "**I10** High blood pressure" in said
    assert "2 visits" in said
    assert said.count("I10") == 1
    assert "Penicillin" in said


def test_what_somebody_had_as_a_child_is_not_held_against_adults(clinic, doctor_id):
    patient = treated(clinic, date_of_birth=date(2009, 1, 2))
    for year in (2020, 2026):
        visit_with(clinic, doctor_id, patient, year, pulse="120")

    app = opened(clinic, patient, "vital-signs")

    (table,) = app.table
    lines = table.value.to_string().splitlines()
    assert {
        year: ["(high)" in line for line in lines if year in line]
        for year in ("2020", "2026")
    } == {"2020": [False], "2026": [True]}


def test_the_time_line_has_all_kinds_by_year_with_the_last_first(
    clinic, doctor_id, ada, file
):
    visit_with(clinic, doctor_id, ada, 2025, complaint="Cough")
    visit_with(clinic, doctor_id, ada, pulse="72", diagnoses="R05 Cough")
    file(of=ada.id, title="Discharge letter")

    app = opened(clinic, ada, "time-line")

    years = [heading for heading in headings(app) if heading.isdigit()]
    assert years == sorted(years, reverse=True)
    assert {"2025", "2026"} <= set(years)
    rows = [row for year in years for row in rows_of(app, f"patient_timeline_{year}")]
    assert Counter(row[1] for row in rows) == {
        "Visit": 2,
        "Notes": 2,
        "Vital signs": 1,
        "Document": 1,
    }
    assert "R05 Cough" in {row[2] for row in rows}


def test_the_time_line_is_sifted_by_kind(clinic, doctor_id, ada):
    visit_with(clinic, doctor_id, ada, pulse="72", complaint="Cough")
    app = opened(clinic, ada, "time-line")

    app.pills(key="patient_timeline_kinds").set_value([EventKind.VITALS]).run()

    assert {row[1] for row in rows_of(app, "patient_timeline_2026")} == {"Vital signs"}


def test_a_new_patients_time_line_says_that_it_is_empty(clinic, ada):
    app = opened(clinic, ada, "time-line")

    assert any("Nothing has happened" in shown.value for shown in app.markdown)


def test_an_event_leads_to_the_page_that_it_names():
    query = {"patient": "a b", "part": "visits"}
    event = ChartEvent(
        EventKind.VISIT, NOON, "Booked", page="patients/patient.py", query=query
    )

    path, _, parameters = event.url.partition("?")

    assert path == "patient"
    assert parse_qs(parameters) == {name: [value] for name, value in query.items()}
    assert ChartEvent(EventKind.PRESCRIPTION, NOON, "Paracetamol").url == ""


def test_the_time_line_has_dated_entries_with_their_codes(clinic, ada):
    coded = {"system": "http://snomed.info/sct", "code": "233604007"}
    entry = ClinicalEntry(
        patient_id=ada.id,
        kind="condition",
        term="Pneumonia",
        started_on=date(2001, 4, 2),
        ended_on=date(2001, 5, 2),
        source="synthea",
        source_key=uuid4(),
        **coded,
    )
    clinic.write(lambda s: s.add(entry))

    app = opened(clinic, ada, "time-line")

    [row] = rows_of(app, "patient_timeline_2001")
    assert row[:3] == ["2 Apr", "Condition", "Pneumonia"]
    [table] = [each for each in app.get("bidi_component") if "2001" in each.key]
    shown = json.dumps(json.loads(table.proto.bytes), ensure_ascii=False)
    assert "until 2 May 2001 · SNOMED CT 233604007" in shown


def test_a_death_is_recorded_and_stands_in_the_header(clinic, ada):
    app = opened(clinic, ada, "overview")
    app.button(key="patient_death").click().run()
    app.date_input(key=f"patient_{ada.id}_deceased_on").set_value(date(2026, 3, 9))

    press(app, "patient_death", "patient_died_save")

    assert any("Died 9 March 2026, aged 45" in said.value for said in app.markdown)

    # It was a mistake: an emptied field takes it back.
    app.button(key="patient_death").click().run()
    assert app.date_input(key=f"patient_{ada.id}_deceased_on").value == date(2026, 3, 9)
    app.date_input(key=f"patient_{ada.id}_deceased_on").set_value(None)
    press(app, "patient_death", "patient_died_save")

    assert not any("Died 9 March" in said.value for said in app.markdown)


def test_saving_no_date_of_death_where_there_is_none_changes_nothing(clinic, ada):
    app = opened(clinic, ada, "overview")
    app.button(key="patient_death").click().run()

    press(app, "patient_death", "patient_died_save")

    assert not app.toast
    now = clinic.read(lambda s: patients.look_up(s, clinic.clerk, ada.id))
    assert now.version == ada.version


def test_what_changed_in_a_record_is_told_with_who_and_when(clinic, ada):
    draft = replace(ada.draft(), address="2 Quay Street", allergies=("Latex",))
    clinic.write(
        lambda s: patients.edit(
            s, clinic.clerk, ada.id, draft, version=ada.version, today=NOON.date()
        )
    )

    app = opened(clinic, ada, "details")
    app.button(key="patient_changes").click().run()

    changes = {
        what: rest for _, _, what, *rest in rows_of(app, "patient_changes_table")
    }
    assert changes["Address"] == ["–", "2 Quay Street"]
    assert changes["Allergies"] == ["Penicillin", "Latex"]
    assert list(changes) == ["Address", "Allergies", "Registered"]
    [_, who, *_] = rows_of(app, "patient_changes_table")[0]
    assert who == f"{clinic.clerk.name} (staff)"
