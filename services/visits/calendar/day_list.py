"""A day's visits on paper, for a desk whose screens are down and to phone patients."""

from collections.abc import Sequence
from datetime import date, datetime, time, tzinfo
from itertools import groupby
from typing import Any, Final
from uuid import uuid4

from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Clinic, Wording
from services.lists.folding import by_shown_name
from services.visits.front_desk.appointments import VisitRecord
from services.visits.newcomers import NewcomerRecord

_TITLE: Final = "Visits of the day"
_COLUMNS: Final = ("Time", "Patient", "Born", "Phone")
# Few names need a second line then, so that a day needs fewer pages.
_WIDTHS: Final = (1, 5, 2, 2)


def day_list_pdf(
    visits: Sequence[VisitRecord | NewcomerRecord],
    day: date,
    *,
    clinic: Clinic,
    now: datetime,
    wording: Wording = ENGLISH,
) -> bytes:
    """Return the visits of a day as a PDF with a table for each doctor.

    Times are in the zone of `now`. The reason for a visit stays off the paper.
    """
    # fpdf takes half as long to import as everything else, and few requests make a
    # paper.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    _ = wording.say
    tables = _tables(visits, now.tzinfo, wording)
    title, subject = _(_TITLE), wording.full_day(day)
    cells = (cell for rows in tables.values() for row in rows for cell in row)
    sheet = Sheet(
        clinic=clinic,
        title=title,
        subject=subject,
        document_id=uuid4(),
        now=now,
        text="".join((subject, clinic.name, clinic.address, *tables, *cells)),
        has_code=False,
        wording=wording,
    )
    sheet.title_line(title)
    # Summer time of that day, not of today.
    zone = f"{datetime.combine(day, time(12), now.tzinfo):%Z}"
    times = Sentence("{day}, times in {zone}", day=subject, zone=zone)
    sheet.fact(_("Day"), _(times))
    sheet.fact(_("Printed"), f"{wording.day(now.date())}, {now:%H:%M}")
    if not tables:
        sheet.fact(_("Visits"), _("None are booked."))
    columns = tuple(map(_, _COLUMNS))
    for label, rows in tables.items():
        sheet.rows(label, columns, rows, widths=_WIDTHS)
    return bytes(sheet.output())


def _tables(
    visits: Sequence[VisitRecord | NewcomerRecord],
    zone: tzinfo | None,
    wording: Wording,
) -> dict[str, list[tuple[str, ...]]]:
    """Return each doctor's rows under the name, with the room if there is one."""

    def whose(visit: VisitRecord | NewcomerRecord) -> tuple[str, str]:
        return visit.doctor_name, str(visit.doctor_id)

    def place(visit: VisitRecord | NewcomerRecord) -> tuple[Any, ...]:
        return by_shown_name(visit.doctor_name), visit.doctor_id, visit.starts_at

    ordered = sorted(visits, key=place)
    tables: dict[str, list[tuple[str, ...]]] = {}
    for _, group in groupby(ordered, whose):
        of_doctor = list(group)
        first = of_doctor[0]
        heading = first.doctor_name
        if first.room:
            with_room = Sentence(
                "{doctor}, room {room}", doctor=heading, room=first.room
            )
            heading = wording.say(with_room)
        # Two doctors with the same name and room would get the same heading: they share
        # it.
        rows = tables.setdefault(heading, [])
        rows.extend(_row(visit, zone, wording) for visit in of_doctor)
    return tables


def _row(
    visit: VisitRecord | NewcomerRecord, zone: tzinfo | None, wording: Wording
) -> tuple[str, ...]:
    if isinstance(visit, NewcomerRecord):
        begins = f"{visit.starts_at.astimezone(zone):%H:%M}"
        name = Sentence("{name} (not registered yet)", name=visit.name)
        return begins, wording.say(name), "", ""
    born = visit.date_of_birth
    return (
        f"{visit.starts_at.astimezone(zone):%H:%M}",
        visit.patient_name or wording.say("No longer your patient"),
        wording.short_day(born) if born else "",
        visit.phone or "",
    )
