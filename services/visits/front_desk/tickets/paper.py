"""The ticket: a page with the code that the front desk scans or types."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Clinic, Wording
from services.visits.front_desk.appointments import VisitRecord, VisitStatus, formatted
from services.visits.front_desk.tickets.errors import NoTicket

_TITLE: Final = "Your visit"
_WHAT_NEXT: Final = (
    "Show this page at the front desk when you arrive, on paper or on your phone. "
    "Without it, tell your name and date of birth."
)
_OPEN: Final = frozenset(
    {VisitStatus.SCHEDULED, VisitStatus.CHECKED_IN, VisitStatus.IN_ROOM}
)


def ticket_pdf(
    visit: VisitRecord, *, clinic: Clinic, now: datetime, wording: Wording = ENGLISH
) -> bytes:
    """Return the ticket of a visit that is not over, or raise NoTicket.

    It says when (in the zone of `now`), where and with whom, and not why. The same
    visit with the same `now` gives the same bytes.
    """
    # fpdf takes half as long to import as everything else, and few requests make a
    # paper.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    if visit.status not in _OPEN:
        raise NoTicket
    begins, ends = (
        at.astimezone(now.tzinfo) for at in (visit.starts_at, visit.ends_at)
    )
    day = wording.full_day(begins.date())
    facts = dict(_facts(visit, day, begins, ends, wording))
    code, title = formatted(visit.code), wording.say(_TITLE)
    text = "".join((*facts, *facts.values(), clinic.name, clinic.address, code))
    sheet = Sheet(
        clinic=clinic,
        title=title,
        subject=day,
        document_id=visit.id,
        now=now,
        text=text,
        # Beside the large code it would only be scanned by mistake.
        has_code=False,
        wording=wording,
    )
    sheet.title_line(title)
    for label, value in facts.items():
        sheet.fact(label, value)
    # Without the hyphen a smaller code suffices, and scanners type what they read.
    sheet.code(visit.code, code)
    sheet.section(wording.say("At the clinic"), wording.say(_WHAT_NEXT))
    return bytes(sheet.output())


def _facts(
    visit: VisitRecord, day: str, begins: datetime, ends: datetime, wording: Wording
) -> Iterator[tuple[str, str]]:
    say = wording.say
    yield say("Day"), day
    time = Sentence(
        "{begins} to {ends} ({zone})",
        begins=f"{begins:%H:%M}",
        ends=f"{ends:%H:%M}",
        zone=f"{begins:%Z}",
    )
    yield say("Time"), say(time)
    yield say("With"), visit.doctor_name
    if visit.room:
        yield say("Room"), visit.room
