"""What a patient takes along: which notes, prescriptions and entries are in it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from sqlalchemy import select

from dashboard.ui.language.papers import wording_in
from db.models.audit import AuditEvent
from services.consultations import diagnoses, summaries
from services.consultations.notes import Diagnosis, Notes, Vitals
from services.consultations.notes.visit_notes import VisitNotes
from services.consultations.prescriptions import (
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
    PrescriptionVersion,
)
from services.consultations.summaries.patient_summary import latest, summary_of
from services.core.errors import NotAllowed
from services.documents.forms import Clinic
from services.patients.records import patients
from services.patients.records.entries import DatedEntry, EntryKind
from tests.kit import cast
from tests.services.consultations.notes.samples import save, visit as visit_of

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
NOBODY = UUID(int=0)
BLOOD_PRESSURE = {"systolic": 120.0, "diastolic": 80.0}


def visited(day: int, *said: Diagnosis, **vitals: float) -> VisitNotes:
    """Return notes of a visit in November."""
    notes = Notes(diagnoses=said, vitals=Vitals(**vitals))
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    return VisitNotes(notes, NOBODY, UUID(int=day), NOBODY, at, 1, at, at)


def issued(*drugs: str, status=PrescriptionStatus.ISSUED) -> PrescriptionRecord:
    """Return a prescription for these drugs."""
    lines = tuple(PrescriptionLine(drug, "1", "daily", "10 days") for drug in drugs)
    version = PrescriptionVersion(
        1, lines, "", "x", "x.pdf", 1, b"", b"", NOBODY, "Dr. Emil", NOW
    )
    return PrescriptionRecord(
        uuid4(), NOBODY, NOBODY, NOBODY, "Dr. Emil", NOW, status, 1, version
    )


def entry(kind: EntryKind, term: str, code: str, since: date, **more) -> DatedEntry:
    """Return a dated entry that has not ended."""
    facts = {"value": None, "unit": "", "ended_on": None} | more
    return DatedEntry(
        id=uuid4(),
        kind=kind,
        term=term,
        system="",
        code=code,
        started_on=since,
        **facts,
    )


def test_of_notes_the_last_word_is_told_and_what_it_leaves_unsaid():
    high, higher = Diagnosis("I10", "High"), Diagnosis("I10", "High blood pressure")
    written = [
        visited(20, higher, pulse=60.0),
        visited(15),
        visited(10, high, Diagnosis(text="Cough"), pulse=90.0, weight=80.0),
        visited(3, Diagnosis(text="cough")),
    ]

    visits = list(latest(written))

    assert [visit.visited_at.day for visit in visits] == [20, 10]
    assert [visit.notes.diagnoses for visit in visits] == [
        (higher,),
        (Diagnosis(text="Cough"),),
    ]
    assert [(v.notes.vitals.pulse, v.notes.vitals.weight) for v in visits] == [
        (60, None),
        (None, 80),
    ]


def test_a_blood_pressure_is_never_put_together_of_two_days():
    visits = list(latest([visited(20, systolic=150.0), visited(3, **BLOOD_PRESSURE)]))

    assert [(v.notes.vitals.systolic, v.notes.vitals.diastolic) for v in visits] == [
        (150, None)
    ]


@pytest.fixture
def summarised(session, clerk, today):
    def make(written=(), orders=(), dated=(), zone=UTC, **lists):
        draft = cast.invent_patient(**lists)
        patient = patients.register(session, clerk, draft, today=today)
        return summary_of(
            patient,
            written=written,
            issued=orders,
            dated=dated,
            listed=diagnoses.BUILT_IN,
            author="Emil",
            zone=zone,
        )

    return make


def test_a_drug_that_the_record_no_longer_has_is_not_taken_any_more(summarised):
    orders = [
        issued("Ibuprofen", status=PrescriptionStatus.WITHDRAWN),
        issued("Aspirin", "ibuprofen"),
        issued("Ibuprofen"),
    ]

    summary = summarised(orders=orders, current_medications=("Ibuprofen", "Fish oil"))

    [prescribed, reported] = summary.drugs
    assert (prescribed.prescription, prescribed.number) == (orders[1], 2)
    assert prescribed.line == PrescriptionLine("ibuprofen", "1", "daily", "10 days")
    assert (reported.text, reported.prescription, reported.line) == (
        "Fish oil",
        None,
        None,
    )


def test_a_condition_that_lasts_is_not_over_because_it_came_again_once(summarised):
    lasts = entry(EntryKind.CONDITION, "Asthma", "195967001", date(2001, 2, 3))
    over = replace(
        lasts, id=uuid4(), started_on=date(2010, 1, 1), ended_on=date(2010, 2, 1)
    )

    summary = summarised(dated=[lasts, over], medical_history=("Asthma",))

    assert [problem.entry for problem in summary.problems] == [lasts]


def test_an_imported_measurement_counts_until_somebody_measures_here(summarised):
    dated = [
        entry(EntryKind.OBSERVATION, "Heart rate", "8867-4", date(2026, 11, 9)),
        entry(EntryKind.OBSERVATION, "Weight", "29463-7", date(2026, 11, 21)),
        entry(EntryKind.OBSERVATION, "Height", "8302-2", date(1999, 1, 1)),
    ]

    summary = summarised(
        written=(visited(20, pulse=60.0, weight=80.0),),
        dated=[replace(measurement, value=Decimal(70)) for measurement in dated],
    )

    assert [measurement.code for measurement in summary.measured] == [
        "29463-7",
        "8302-2",
    ]


@pytest.mark.parametrize(("zone", "hour"), [("Europe/Berlin", 23), ("Asia/Tokyo", 16)])
def test_days_of_visits_are_those_of_the_clinics_clock(summarised, zone, hour):
    visit = visited(20, weight=80.0, pulse=60.0)
    at = datetime(2026, 11, 20, hour, 30, tzinfo=UTC)
    # There it is the 21st already.
    dated = [
        entry(EntryKind.OBSERVATION, "Weight", "29463-7", date(2026, 11, 21)),
        entry(EntryKind.OBSERVATION, "Pulse", "8867-4", date(2026, 11, 22)),
    ]

    summary = summarised(
        written=(replace(visit, visited_at=at),),
        dated=[replace(measurement, value=Decimal(70)) for measurement in dated],
        zone=ZoneInfo(zone),
    )

    assert [measurement.code for measurement in summary.measured] == ["8867-4"]


def words_on(summary, language: str) -> str:
    """Return the text on the paper."""
    made = summaries.print_patient_summary(
        summary,
        document_id=NOBODY,
        clinic=Clinic("Riverside"),
        now=NOW,
        wording=wording_in(language, "en"),
    )
    with pypdfium2.PdfDocument(BytesIO(made)) as opened:
        pages = [page.get_textpage().get_text_bounded() for page in opened]
    return " ".join("\n".join(pages).split())


def test_a_paper_says_what_is_known_and_where_nothing_is(summarised):
    known = summarised(
        written=(visited(20, Diagnosis("J45", "Asthma"), pulse=60.0),),
        orders=[issued("Ibuprofen")],
        current_medications=("Ibuprofen",),
        medical_history=("Gout",),
        no_known_allergies=True,
    )

    words = words_on(known, "en")
    nothing = words_on(summarised(), "en")

    assert "Allergies None known" in words
    assert "Asthma J45 20 November 2026 Gout" in words
    assert "Ibuprofen 1, daily, 10 days 23 November 2026" in words
    assert "Pulse 60 /min 20 November 2026" in words
    assert "What is left out" not in words
    assert "Allergies Not stated" in nothing
    assert nothing.count("Nothing recorded.") == 3


def test_numbers_on_a_paper_have_the_marks_of_its_language(summarised):
    dated = entry(EntryKind.OBSERVATION, "Weight", "29463-7", date(2026, 11, 21))
    summary = summarised(
        written=(visited(20, temperature=36.5),),
        dated=[replace(dated, value=Decimal("80.25"), unit="kg")],
    )

    german, english = words_on(summary, "de"), words_on(summary, "en")

    assert "36,5 °C" in german
    assert "80,25 kg" in german
    assert "36.5 °C" in english
    assert "80.25 kg" in english


def test_a_paper_in_german_has_no_english_of_ours(summarised):
    summary = replace(
        summarised(current_medications=("Fish oil",), medical_history=("Gout",)),
        written=None,
    )

    words = words_on(summary, "de")

    for said in (
        "Patientenübersicht",
        "Geburtsdatum",
        "Keine Angabe",
        "Probleme",
        "Medikament Einnahme Seit",
        "Was hier fehlt",
        "Stand 23. November 2026, 14:30",
        "Seite 1 von 1",
    ):
        assert said in words
    for said in ("Patient summary", "Vital signs", "Page", "Document "):
        assert said not in words


def test_taking_a_summary_along_is_written_down(session, clinician, patient):
    save(session, clinician, visit_of(session, patient.id), diagnoses="I10 High")

    summary = summaries.collect(
        session, clinician, patient.id, zone=UTC, is_printed=True
    )

    assert summary.written
    assert summary.written[0].notes.diagnoses[0].code == "I10"
    actions = session.scalars(
        select(AuditEvent.action).where(AuditEvent.patient_id == patient.id)
    ).all()
    assert actions.count("patient:print") == 1


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ({}, {"record:read", "prescription:read"}),
        ({"with_notes": False}, {"prescription:read"}),
        ({"with_prescriptions": False}, {"record:read"}),
    ],
    ids=["all", "no notes", "no prescriptions"],
)
def test_what_is_withheld_is_not_written_down_as_read(
    session, clinician, patient, options, read
):
    save(session, clinician, visit_of(session, patient.id), diagnoses="I10 High")

    summary = summaries.collect(session, clinician, patient.id, zone=UTC, **options)

    actions = select(AuditEvent.action).where(AuditEvent.patient_id == patient.id)
    done = {action for action in session.scalars(actions) if action.endswith(":read")}
    assert done == {"patient:read", *read}
    assert (summary.written is None) is ("record:read" not in read)


@pytest.mark.parametrize("name", ["analyst", "admin"])
def test_nobody_else_takes_a_summary_along(session, request, patient, name):
    with pytest.raises(NotAllowed):
        summaries.collect(session, request.getfixturevalue(name), patient.id, zone=UTC)
