"""The ticket: a page with the code that the front desk scans or types."""

from datetime import datetime, tzinfo
from typing import Final

from services.documents.forms import Clinic
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


def ticket_pdf(visit: VisitRecord, *, clinic: Clinic, now: datetime) -> bytes:
    """Return the ticket of a visit that is not over, or raise NoTicket.

    It says when (in the zone of `now`), where and with whom, and not why. The same
    visit with the same `now` gives the same bytes.
    """
    # fpdf takes half as long to import as everything else, and few requests make a
    # paper.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    if visit.status not in _OPEN:
        raise NoTicket
    facts = _facts(visit, now.tzinfo)
    code = formatted(visit.code)
    text = "".join((*facts, *facts.values(), clinic.name, clinic.address, code))
    sheet = Sheet(
        clinic=clinic,
        title=_TITLE,
        subject=facts["Day"],
        document_id=visit.id,
        now=now,
        text=text,
        # Beside the large code it would only be scanned by mistake.
        has_code=False,
    )
    sheet.title_line(_TITLE)
    for label, value in facts.items():
        sheet.fact(label, value)
    # Without the hyphen a smaller code suffices, and scanners type what they read.
    sheet.code(visit.code, code)
    sheet.section("At the clinic", _WHAT_NEXT)
    return bytes(sheet.output())


def _facts(visit: VisitRecord, zone: tzinfo | None) -> dict[str, str]:
    begins, ends = (at.astimezone(zone) for at in (visit.starts_at, visit.ends_at))
    facts = {
        "Day": f"{begins:%A} {begins.day} {begins:%B %Y}",
        "Time": f"{begins:%H:%M} to {ends:%H:%M} ({begins:%Z})",
        "With": visit.doctor_name,
    }
    return facts | ({"Room": visit.room} if visit.room else {})
