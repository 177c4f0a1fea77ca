"""Dashboards and lists on paper: charts and tables, and when and what was counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from services.analytics.cohorts.wording import dimension_phrase
from services.analytics.dashboards.card_charts import (
    SHARE,
    draw_chart,
    height_of,
    number_name,
    value_text,
)
from services.analytics.dashboards.model import DashboardDraft, DashboardFilter
from services.analytics.dashboards.printed_tables import PrintedTable
from services.analytics.dashboards.wording import describe_filter
from services.analytics.figures import FigureCell, FigureMeasure, FigureResult
from services.analytics.figures.drawing import (
    QUANTITIES,
    explain_boxes,
    nothing_disclosed,
    parts_of,
    ranked,
)
from services.analytics.figures.wording import figure_phrase
from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Clinic, Wording

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

_DISTRIBUTION_FIELDS: Final[Mapping[str, str]] = {
    "mean": Sentence("Mean"),
    "p25": Sentence("25th percentile"),
    "median": Sentence("Median"),
    "p75": Sentence("75th percentile"),
    "p90": Sentence("90th percentile"),
}
_TOTAL: Final = Sentence("Total")
# The column names of a table and its first row, on the page of the chart above it.
_TABLE_MM: Final = 20.0
_HEADING_MM: Final = 12.0
# In charts and columns of every language.
_SIGNS: Final = "0123456789.,%×–…"


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """A card's title, and its numbers or the sentence why there are none."""

    title: str
    result: FigureResult | PrintedTable | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class _Card:
    """What is printed of a card, in the language of the paper."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    counted: tuple[str, str]
    refusal: str
    result: FigureResult | None
    quantity: str = ""
    reading: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        own = (self.title, self.refusal, *self.counted, *self.columns)
        own += (self.quantity, *self.reading)
        return own + tuple(cell for row in self.rows for cell in row)


def dashboard_pdf(
    draft: DashboardDraft,
    cards: Sequence[PrintedCard],
    dashboard_filter: DashboardFilter,
    *,
    clinic: Clinic,
    now: datetime,
    wording: Wording = ENGLISH,
) -> bytes:
    """Return a dashboard as a PDF; times are in the zone of `now`.

    It holds what was disclosed on the screen and nothing else, also in its charts. Our
    own sentences are in the language of `wording`; what somebody typed remains as
    typed.
    """
    _ = wording.say
    name, description = (
        _translated(t, wording) for t in (draft.name, draft.description)
    )
    criteria = describe_filter(dashboard_filter, now.date(), wording.day)
    facts = [
        *([(_("Description"), description)] if description else []),
        (_("Printed"), printed_at(now, wording)),
        (_("Counted are"), _(criteria)),
        suppressed_fact(wording),
    ]
    return make_pdf(
        name,
        facts,
        cards,
        subject=_("Dashboard"),
        clinic=clinic,
        now=now,
        wording=wording,
    )


def make_pdf(
    name: str,
    facts: Sequence[tuple[str, str]],
    cards: Sequence[PrintedCard],
    *,
    subject: str,
    clinic: Clinic,
    now: datetime,
    wording: Wording,
) -> bytes:
    """Return a paper as a PDF: its facts, then its cards."""
    # Importing fpdf takes half as long as all other imports, and few print anything.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    worded_cards = [_card_of(card, now, wording) for card in cards]
    suppressed = wording.say("suppressed")
    said = (name, subject, suppressed, clinic.name, clinic.address, _SIGNS)
    texts = (*said, *(text for fact in facts for text in fact))
    sheet = Sheet(
        clinic=clinic,
        title=name,
        subject=subject,
        document_id=uuid4(),
        now=now,
        text="".join((*texts, *(text for card in worded_cards for text in card.texts))),
        has_code=False,
        wording=wording,
    )
    sheet.title_line(name)
    for label, value in facts:
        sheet.fact(label, value)
    for card in worded_cards:
        _write_card(sheet, card, wording)
    return bytes(sheet.output())


def _write_card(sheet: "Sheet", card: _Card, wording: Wording) -> None:
    result = card.result
    if not card.rows or card.refusal:
        sheet.section(card.title, card.refusal)
    else:
        room = _TABLE_MM if result is None else height_of(result, wording)
        sheet.heading(card.title, together=room + _HEADING_MM)
        if card.quantity:
            sheet.paragraphs(card.quantity)
        if result is not None:
            draw_chart(sheet, result, wording)
            sheet.ln(3)
        sheet.table_of(card.columns, card.rows)
    if card.counted[0]:
        sheet.ln(2)
        sheet.fact(*card.counted)
        if card.reading:
            sheet.fact(*card.reading)


def printed_at(now: datetime, wording: Wording) -> str:
    """Return when a paper is printed, for one of its facts."""
    time, zone = _time(now, wording), f"{now:%Z}"
    return wording.say(Sentence("{time}, times in {zone}", time=time, zone=zone))


def suppressed_fact(wording: Wording) -> tuple[str, str]:
    """Return the fact that explains hidden numbers."""
    _ = wording.say
    return (
        _capital(_("suppressed")),
        _("Whatever has too few patients to be shown, or would reveal them."),
    )


def _card_of(card: PrintedCard, now: datetime, wording: Wording) -> _Card:
    title, result = _translated(card.title, wording), card.result
    if result is None:
        return _Card(title, (), (), ("", ""), wording.say(card.refusal), None)
    what = (
        result.counted
        if isinstance(result, PrintedTable)
        else figure_phrase(result.figure)
    )
    counted = (
        _counted(result.counted_at, now, wording),
        f"{_capital(wording.say(what))}.",
    )
    if isinstance(result, PrintedTable):
        columns = tuple(wording.say(each) for each in result.columns)
        rows = tuple(
            tuple(_table_cell(cell, wording) for cell in row) for row in result.rows
        )
        return _Card(title, columns, rows, counted, wording.say(card.refusal), None)
    result = ranked(result)
    has_numbers = any(cell.number is not None for cell in result.cells)
    why = "" if has_numbers else wording.say(nothing_disclosed(result.smallest_group))
    columns = tuple(map(wording.say, _columns(result)))
    kind = result.figure.event.kind
    by = tuple(
        _capital(wording.say(dimension_phrase(each, kind))) for each in result.figure.by
    )
    rows = tuple(
        _row(result, cell, wording) for cell in (*result.cells, *result.totals)
    )
    quantity, reading = "", tuple[str, ...]()
    if result.figure.quantity:
        quantity = wording.say(QUANTITIES[result.figure.quantity])
        quantity += f" ({result.unit})" if result.unit else ""
        reading_help = wording.say(explain_boxes(result.smallest_group))
        reading = wording.say(Sentence("How to read it")), reading_help
    return _Card(title, (*by, *columns), rows, counted, why, result, quantity, reading)


def _counted(timestamp: datetime | None, now: datetime, wording: Wording) -> str:
    if timestamp is None:
        return wording.say(Sentence("Counted earlier"))
    time = _time(timestamp.astimezone(now.tzinfo), wording)
    return wording.say(Sentence("Counted {time}.", time=time)).rstrip(".")


def _columns(result: FigureResult) -> tuple[str, ...]:
    match result.figure.measure:
        case FigureMeasure.SHARE | FigureMeasure.PROPORTION:
            return *parts_of(result.figure), SHARE
        case FigureMeasure.DISTRIBUTION:
            return Sentence("Patients"), *_DISTRIBUTION_FIELDS.values()
    return (number_name(result.figure.measure),)


def _row(result: FigureResult, cell: FigureCell, wording: Wording) -> tuple[str, ...]:
    _ = wording.say
    suppressed = _("suppressed")

    def number(value: float | None, places: int = 0) -> str:
        if value is None:
            return suppressed
        return wording.number(value, places)

    # A total has no value of what it sums up.
    names = tuple(
        value_text(result, place, value, wording) if value else _(_TOTAL)
        for place, value in enumerate(cell.values)
    )
    match result.figure.measure:
        case FigureMeasure.SHARE | FigureMeasure.PROPORTION:
            share = suppressed
            if cell.share is not None:
                hundred = number(100 * cell.share, 1)
                share = _(Sentence("{number}%", number=hundred))
            return *names, number(cell.entered), number(cell.number), share
        case FigureMeasure.DISTRIBUTION:
            distribution = (
                getattr(cell.distribution, each, None) for each in _DISTRIBUTION_FIELDS
            )
            return (
                *names,
                number(cell.number),
                *(number(each, 1) for each in distribution),
            )
    return *names, number(cell.number)


def _table_cell(cell: str | int | None, wording: Wording) -> str:
    if cell is None:
        return wording.say("suppressed")
    if isinstance(cell, int):
        return wording.number(cell, 0)
    return _capital(_translated(cell, wording))


def _translated(text: str, wording: Wording) -> str:
    """Return the app's own text in the paper's language, and typed text as it is."""
    return wording.say(text) if isinstance(text, Sentence) else text


def _time(timestamp: datetime, wording: Wording) -> str:
    return f"{wording.day(timestamp.date())}, {timestamp:%H:%M}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
