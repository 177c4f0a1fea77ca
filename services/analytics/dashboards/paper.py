"""A dashboard on paper: each card as a table, with when and of what it was counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from services.analytics.dashboards.model import DashboardDraft, DashboardFilter
from services.analytics.dashboards.narrowing import describe_filter
from services.analytics.figures import FigureCell, FigureMeasure, FigureResult
from services.analytics.figures.wording import describe
from services.documents.forms import Clinic

_NOT_TOLD: Final = "not told"
_COLUMNS: Final = {
    FigureMeasure.PATIENTS: ("Patients",),
    FigureMeasure.EVENTS: ("Events",),
    FigureMeasure.SHARE: ("Came in", "Remain", "Share"),
    FigureMeasure.DISTRIBUTION: ("Patients", "Mean", "25 %", "Median", "75 %", "90 %"),
}


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """A card's title, and its numbers or why there are none."""

    title: str
    result: FigureResult | None
    refusal: str = ""


def dashboard_pdf(
    draft: DashboardDraft,
    cards: Sequence[PrintedCard],
    shown: DashboardFilter,
    *,
    clinic: Clinic,
    now: datetime,
) -> bytes:
    """Return a dashboard as a PDF; times are in the zone of `now`.

    It holds what was told on the screen and nothing else.
    """
    # fpdf takes as long to import as half of all others, and few make a paper.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    tables = [(card, _rows(card.result)) for card in cards]
    criteria = describe_filter(shown, now.date()) or "all time, all patients"
    said = [describe(card.result.figure) for card in cards if card.result]
    cells = [cell for _, rows in tables for row in rows for cell in row]
    titles = [text for card in cards for text in (card.title, card.refusal)]
    own = (draft.name, draft.description, criteria, clinic.name, clinic.address)
    sheet = Sheet(
        clinic=clinic,
        title=draft.name,
        subject="Dashboard",
        document_id=uuid4(),
        now=now,
        text="".join((*own, *said, *titles, *cells)),
        has_code=False,
    )
    sheet.title_line(draft.name)
    if draft.description:
        sheet.fact("What it is for", draft.description)
    sheet.fact("Printed", f"{_time(now)}, times in {now:%Z}")
    sheet.fact("Counted are", criteria)
    sheet.fact(
        _NOT_TOLD.capitalize(),
        "What fewer patients are in than may be told of, or would tell of them.",
    )
    for card, rows in tables:
        if card.result is None:
            sheet.section(card.title, card.refusal)
            continue
        counted = _time(card.result.counted_at.astimezone(now.tzinfo))
        by = (each.value.capitalize() for each in card.result.figure.by)
        columns = (*by, *_COLUMNS[card.result.figure.measure])
        sheet.rows(card.title, columns, rows)
        sheet.ln(2)
        sheet.fact(f"Counted {counted}", describe(card.result.figure))
    return bytes(sheet.output())


def _rows(result: FigureResult | None) -> list[tuple[str, ...]]:
    if result is None:
        return []
    measure = result.figure.measure
    return [(*cell.values, *_numbers(measure, cell)) for cell in result.cells]


def _numbers(measure: FigureMeasure, cell: FigureCell) -> tuple[str, ...]:
    if measure is FigureMeasure.SHARE:
        share = _NOT_TOLD if cell.share is None else f"{cell.share:.1%}"
        return _whole(cell.entered), _whole(cell.number), share
    if measure is FigureMeasure.DISTRIBUTION:
        spread = cell.distribution
        values = (
            (spread.mean, spread.p25, spread.median, spread.p75, spread.p90)
            if spread
            else (None,) * 5
        )
        return _whole(cell.number), *map(_decimal, values)
    return (_whole(cell.number),)


def _whole(number: int | None) -> str:
    return _NOT_TOLD if number is None else f"{number:,}"


def _decimal(number: float | None) -> str:
    return _NOT_TOLD if number is None else f"{number:,.1f}"


def _time(timestamp: datetime) -> str:
    return f"{timestamp.day} {timestamp:%B %Y, %H:%M}"
