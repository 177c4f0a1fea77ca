"""What a patient takes along, read back as by a scanner and a calendar."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
import segno
from icalendar import Calendar

from dashboard.ui.language.papers import wording_in
from services.documents.forms import Clinic
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.front_desk.tickets import NoTicket, calendar_file, ticket_pdf
from tests.services.documents.forms.samples import words_of

CLINIC = Clinic("Harbour Clinic", "1 Quay Street\nLeeds", "+44 1632 960000")
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=ZoneInfo("Europe/Berlin"))
VISIT = VisitRecord(
    id=UUID("019aa0e4-3b7c-7d10-8f3e-2b6a5c9d1e00"),
    booking_id=UUID(int=1),
    doctor_id=UUID(int=2),
    doctor_name="Dora Döctor",
    speciality="Cardiology",
    room="12",
    patient_id=UUID(int=3),
    patient_name="Grace Hopper",
    starts_at=datetime(2026, 7, 21, 9, 0, tzinfo=UTC),
    ends_at=datetime(2026, 7, 21, 9, 20, tzinfo=UTC),
    status=VisitStatus.SCHEDULED,
    code="7K1MD0QX4T",
    note="Chest pain",
    revision=3,
    checked_in_at=None,
    completed_at=None,
    cancelled_at=None,
)


def ticket(**changes):
    return ticket_pdf(replace(VISIT, **changes), clinic=CLINIC, now=NOW)


def entry(**changes):
    data = calendar_file(
        replace(VISIT, **changes),
        clinic=CLINIC,
        address="https://clinic.example",
        now=NOW,
    )
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    return event


def test_a_ticket_says_when_where_and_with_whom_by_the_clinics_clock():
    words = " ".join(words_of(ticket()))

    assert "Tuesday 21 July 2026" in words
    assert "11:00 to 11:20 (CEST)" in words
    assert "Dora Döctor" in words
    assert "Room 12" in words
    assert "7K1MD-0QX4T" in words


def test_a_ticket_tells_neither_who_the_patient_is_nor_why_they_come():
    words = " ".join(words_of(ticket()))

    for hidden in ("Grace", "Hopper", "Chest", "Cardiology"):
        assert hidden not in words


def test_a_ticket_and_a_calendar_entry_in_german_have_no_english_of_ours():
    german = wording_in("de", "en")
    made = ticket_pdf(VISIT, clinic=CLINIC, now=NOW, wording=german)
    data = calendar_file(
        VISIT, clinic=CLINIC, address="https://c.example", now=NOW, wording=german
    )

    words = " ".join(words_of(made))
    for said in (
        "Ihr Termin",
        "Dienstag, 21. Juli 2026",
        "11:00 bis 11:20 (CEST)",
        "Bei Dora Döctor",
        "Raum 12",
        "In der Klinik Zeigen Sie diese Seite am Empfang",
    ):
        assert said in words
    for english in ("Your", "Tuesday", "With", "Room", "Show", "At the"):
        assert english not in words
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert event["SUMMARY"] == "Termin: Harbour Clinic"
    assert event["DESCRIPTION"] == "Code für den Empfang: 7K1MD-0QX4T"
    assert event["LOCATION"].endswith(", Raum 12")


def test_without_a_room_the_ticket_has_no_line_for_it():
    assert "Room" not in words_of(ticket(room=None))


@pytest.mark.parametrize("status", ["completed", "cancelled", "no-show"])
def test_a_visit_that_is_over_has_no_ticket(status):
    with pytest.raises(NoTicket, match="no longer has a ticket"):
        ticket(status=VisitStatus(status))


def test_the_same_visit_at_the_same_moment_gives_the_same_ticket():
    assert ticket() == ticket()


def test_the_code_on_the_ticket_is_the_visits_and_the_only_one():
    document = pypdfium2.PdfDocument(BytesIO(ticket()))
    picture = document[0].render(scale=4).to_pil().convert("L")
    document.close()
    matrix = segno.make_qr(VISIT.code, error="m").matrix
    dark = picture.point(lambda value: 255 * (value < 64)).getbbox()
    # The largest square on the page: the text around it is smaller or lighter.
    side_mm, scale = 55 / len(matrix), picture.width / 210

    def is_dark(row, column, top):
        x = (22 + (column + 0.5) * side_mm) * scale
        y = top + (row + 0.5) * side_mm * scale
        return picture.getpixel((int(x), int(y))) < 128

    size = range(len(matrix))
    wanted = [[bool(module) for module in row] for row in matrix]
    tops = range(dark[1], picture.height - int(55 * scale))
    matches = [
        top
        for top in tops
        if [is_dark(0, column, top) for column in size] == wanted[0]
        and [[is_dark(r, c, top) for c in size] for r in size] == wanted
    ]
    assert matches
    # All of them within one module of each other.
    assert matches[-1] - matches[0] < side_mm * scale


def test_a_calendar_gets_the_time_the_place_and_the_code():
    event = entry()

    assert event["DTSTART"].dt == VISIT.starts_at
    assert event["DTEND"].dt == VISIT.ends_at
    assert event["SUMMARY"] == "Visit at Harbour Clinic"
    assert event["LOCATION"] == "Harbour Clinic, 1 Quay Street, Leeds, room 12"
    assert "7K1MD-0QX4T" in event["DESCRIPTION"]
    assert event["URL"] == "https://clinic.example/visits"
    assert event["STATUS"] == "CONFIRMED"


def test_a_calendar_entry_names_neither_doctor_nor_patient_nor_reason():
    written = entry().to_ical().decode()

    for hidden in ("Dora", "Cardiology", "Grace", "Hopper", "Chest"):
        assert hidden not in written


def test_a_later_entry_takes_the_place_of_the_earlier_one():
    before, after = entry(), entry(revision=4, status=VisitStatus.CANCELLED)

    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["STATUS"] == "CANCELLED"
