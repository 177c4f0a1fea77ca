"""A patient books, gets e-mails, shows the ticket at the desk and is seen."""

from datetime import UTC, datetime

from services.documents.forms import Clinic
from services.visits.booking import bookings
from services.visits.front_desk import appointments, notifications, tickets
from services.visits.front_desk.appointments import VisitStatus, formatted
from services.visits.front_desk.notifications import SenderDetails
from tests.services.documents.forms.samples import words_of
from tests.services.visits.booking.bookings import samples
from tests.services.visits.visit_samples import slot, soon


def test_a_patient_books_is_written_to_shows_the_ticket_and_is_seen(visits):
    grace, cleo, ines = visits.clinic.grace, visits.clinic.cleo, visits.clinic.ines
    herself = visits.clinic.invite(grace)
    slot_id = visits.clinic.write(
        cleo, lambda s: slot(s, visits.doctor_dora, soon(200))
    )

    held = visits.write(herself, lambda s, a: samples.hold(s, a, slot_id, grace.id))
    booked = visits.write(herself, lambda s, a: bookings.confirm(s, a, held.id))
    visit = visits.read(
        herself, lambda s, a: appointments.get(s, a, booked.appointment_id)
    )
    clinic, now = Clinic("Harbour Clinic"), datetime.now(UTC)
    ticket = tickets.ticket_pdf(visit, clinic=clinic, now=now)
    (code,) = (word for word in words_of(ticket) if word == formatted(visit.code))
    outbox = visits.read(
        ines, lambda s, a: notifications.read_outbox(s, a, SenderDetails())
    )
    there = visits.write(
        cleo,
        lambda s, a: appointments.check_in(
            s, a, appointments.find_by_code(s, a, code).id
        ),
    )
    seen = visits.write(
        visits.clinic.dora, lambda s, a: appointments.complete(s, a, there.id)
    )

    assert [notification.kind for notification in outbox.newest] == ["confirmed"]
    assert there.id == visit.id
    assert seen.status is VisitStatus.COMPLETED
