"""A card's chart on paper: in the form, order and colours of the page's own chart.

What the page shows by colour, paper shows by patterns, marks and numbers as well, since
many printers have no colour. Only disclosed numbers are drawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

from services.analytics.cohorts.wording import split_phrase
from services.analytics.figures import Chart, FigureCell, FigureMeasure, FigureResult
from services.analytics.figures.drawing import (
    COLOURS,
    ORDERED,
    SHARES,
    chart_of,
    document_type_of,
    month_of,
    name_of,
    order_of,
)
from services.core.sentences import Label, Sentence
from services.documents.forms import Wording
from services.documents.forms.canvas import (
    HAIRLINE,
    INK,
    MUTED,
    Canvas,
    Paint,
    Pattern,
)

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

SHARE: Final = Label("Share", "of a whole")
_PLOT_MM: Final = 52.0
_AXIS_MM: Final = 6.0
_LEGEND_MM: Final = 5.5
_BAR_MM: Final = 5.0
_THIN_BAR_MM: Final = 4.0
_CELL_MM: Final = 6.0
_GAP_MM: Final = 1.6
# As much of a page as rows take before they continue on the next.
_MOST_MM: Final = 185.0
# As much as rows, axis and legend together take below the heading of a page.
_PAGE_MM: Final = 226.0
_LABEL_MM: Final = 52.0
_NUMBER_MM: Final = 15.0
_SMALL: Final = 7.0
_MOST_TICKS: Final = 5
# From here on white is easier to read on the colour than ink.
_DARK: Final = 0.85
_SIDES: Final = 0.8
_BOX_STRENGTH: Final = 0.45
_PALEST: Final = 0.08
_SEAM_MM: Final = 0.15
_WHITE: Final = "#FFFFFF"
_SUPPRESSED: Final = "×"
_DATA: Final = COLOURS[0]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Numbers on an axis: where it begins, and its length in mm, perhaps upwards."""

    ticks: tuple[float, ...]
    begins: float
    length: float

    def at(self, number: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.begins + (number - low) / ((high - low) or 1) * self.length


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of a bar or box beside others; it `is_upright` if drawn along times."""

    at: float
    width: float
    is_upright: bool = False

    @property
    def middle(self) -> float:
        return self.at + self.width / 2


@dataclass(frozen=True, slots=True)
class _Plot:
    """What is drawn: the names along and beside, and the group at each pair of them."""

    result: FigureResult
    wording: Wording
    along: tuple[str, ...]
    beside: tuple[str, ...]
    cells: Mapping[tuple[int, int], FigureCell]

    @property
    def is_share(self) -> bool:
        return self.result.figure.measure in SHARES

    @property
    def is_distribution(self) -> bool:
        return self.result.figure.measure is FigureMeasure.DISTRIBUTION

    @property
    def is_timed(self) -> bool:
        by = self.result.figure.by
        return by[order_of(by)[0]] in ORDERED

    @property
    def has_series(self) -> bool:
        return len(self.result.figure.by) > 1

    @property
    def alt(self) -> str:
        return self.wording.say(
            Sentence(
                "{shown} by {split}; see the table below it",
                shown=number_name(self.result.figure.measure),
                split=split_phrase(
                    self.result.figure.by, self.result.figure.event.kind
                ),
            )
        )

    def number(self, along: int, beside: int) -> float | None:
        """Return the number drawn for a group; None if it is hidden or not there."""
        cell = self.cells.get((along, beside))
        if cell is None:
            return None
        return cell.share if self.is_share else cell.number

    def is_hidden(self, along: int, beside: int) -> bool:
        """Return whether there is a group of which nothing is disclosed."""
        if (along, beside) not in self.cells:
            return False
        if self.is_distribution:
            return not self.distribution(along, beside)
        return self.number(along, beside) is None

    def distribution(self, along: int, beside: int) -> dict[str, float]:
        """Return what is disclosed of a quantity's distribution."""
        cell = self.cells.get((along, beside))
        if cell is None or cell.distribution is None:
            return {}
        return {
            name: value
            for name in ("mean", "p25", "median", "p75", "p90")
            if (value := getattr(cell.distribution, name)) is not None
        }

    def paint(self, beside: int) -> Paint:
        # When the colours are used up, they are repeated with other patterns.
        turn = beside // len(COLOURS)
        return Paint(
            COLOURS[beside % len(COLOURS)], Pattern((beside + turn) % len(Pattern))
        )

    def places(self) -> Iterator[tuple[int, int]]:
        for along in range(len(self.along)):
            for beside in range(len(self.beside)):
                yield along, beside

    def ticks(self) -> tuple[float, ...]:
        if self.is_distribution:
            values = [
                v for place in self.places() for v in self.distribution(*place).values()
            ]
            return nice_ticks(min(values, default=0), max(values, default=1))
        numbers = [
            n for place in self.places() if (n := self.number(*place)) is not None
        ]
        return nice_ticks(0, max(numbers, default=1), whole=not self.is_share)

    def written(self, number: float, *, places: int = 0) -> str:
        if self.is_share:
            share = self.wording.number(100 * number, places)
            return self.wording.say(Sentence("{number}%", number=share))
        return self.wording.number(number, places)


def number_name(measure: FigureMeasure) -> str:
    """Return what a chart shows, as the heading of a column."""
    match measure:
        case FigureMeasure.SHARE | FigureMeasure.PROPORTION:
            return SHARE
        case FigureMeasure.EVENTS:
            return Sentence("Events")
        case FigureMeasure.DISTRIBUTION:
            return Sentence("Mean and percentiles")
    return Sentence("Patients")


def value_text(result: FigureResult, place: int, value: str, wording: Wording) -> str:
    """Return a value as the page writes it: our own terms in the paper's language."""
    if month := month_of(result.figure.by[place], value):
        return wording.month(month)
    dimension = result.figure.by[place]
    ours = document_type_of(result.figure, dimension, value) or name_of(
        dimension, value
    )
    return wording.say(ours) if ours else f"{value[:1].upper()}{value[1:]}"


def nice_ticks(low: float, high: float, *, whole: bool = False) -> tuple[float, ...]:
    """Return a few round numbers, from at most `low` to at least `high`.

    With `whole`, the steps are whole numbers.
    """
    span = (high - low) or 1.0
    power: float = 10.0 ** floor(log10(span / _MOST_TICKS))
    step = next(m * power for m in (1, 2, 5, 10) if span <= m * power * _MOST_TICKS)
    if whole:
        step = max(1, step)
    first, last = floor(low / step), max(ceil(high / step), floor(low / step) + 1)
    return tuple(round(number * step, 10) for number in range(first, last + 1))


def draw_chart(sheet: "Sheet", result: FigureResult, wording: Wording) -> None:
    """Draw a figure of which something is disclosed."""
    plot = _plot_of(result, wording)
    if not plot.is_distribution and chart_of(result) is Chart.HEAT_MAP:
        _draw_heat_map(sheet, plot)
    elif plot.is_timed:
        _draw_upright(sheet, plot)
    else:
        _draw_horizontal(sheet, plot)


def height_of(result: FigureResult, wording: Wording) -> float:
    """Return the height of the chart in mm, before it continues on another page."""
    plot = _plot_of(result, wording)
    if not plot.is_distribution and chart_of(result) is Chart.HEAT_MAP:
        return min(_MOST_MM, len(plot.beside) * _CELL_MM) + _AXIS_MM + _LEGEND_MM
    if plot.is_timed:
        return _PLOT_MM + _AXIS_MM + _legend_mm(plot)
    rows = len(plot.along) * _group_mm(plot)
    return min(_rows_mm(plot), rows) + _AXIS_MM + _legend_mm(plot)


def _plot_of(result: FigureResult, wording: Wording) -> _Plot:
    by = result.figure.by
    order = order_of(by)
    values = [
        list(dict.fromkeys(c.values[place] for c in result.cells)) for place in order
    ]
    beside = values[1] if len(values) > 1 else [""]
    cells = {}
    for cell in result.cells:
        mine = [cell.values[place] for place in order]
        second = beside.index(mine[1]) if len(mine) > 1 else 0
        cells[values[0].index(mine[0]), second] = cell
    said = [
        tuple(value_text(result, place, value, wording) for value in values[n])
        for n, place in enumerate(order)
    ]
    return _Plot(result, wording, said[0], said[1] if len(said) > 1 else ("",), cells)


def _draw_upright(sheet: "Sheet", plot: _Plot) -> None:
    """Draw a line, or upright bars or boxes, along times."""
    legend = _legend_mm(plot)
    with sheet.drawing(_PLOT_MM + _AXIS_MM + legend, plot.alt) as canvas:
        ticks = plot.ticks()
        texts = [_tick_text(plot, ticks, tick) for tick in ticks]
        room = max(canvas.width_of(text, _SMALL) for text in texts) + 2
        left, width = canvas.left + room, canvas.width - room
        bottom = canvas.top + _PLOT_MM
        scale = _Scale(ticks, bottom, -(_PLOT_MM - 4))
        for tick, text in zip(ticks, texts, strict=True):
            y = scale.at(tick)
            canvas.line(left, y, left + width, y, HAIRLINE)
            canvas.text(left - 1.5, y, text, size=_SMALL, colour=MUTED, align="right")
        step = width / len(plot.along)
        _name_across(canvas, plot.along, left, step, bottom + _AXIS_MM / 2)
        is_line = not plot.is_distribution and chart_of(plot.result) is Chart.LINE
        if is_line:
            _draw_lines(canvas, plot, scale, left + step / 2, step)
        slot = step * _SIDES / (1 if is_line else len(plot.beside))
        for along, beside in plot.places():
            x = left + step * along + step * (1 - _SIDES) / 2
            x += 0 if is_line else beside * slot
            if plot.is_hidden(along, beside):
                middle = x + slot / 2
                canvas.text(
                    middle, bottom - 1.4, _SUPPRESSED, colour=MUTED, align="centre"
                )
            elif plot.is_distribution:
                distribution, paint = (
                    plot.distribution(along, beside),
                    plot.paint(beside),
                )
                _draw_box(
                    canvas, distribution, paint, scale, _Slot(x, slot, is_upright=True)
                )
            elif not is_line:
                _draw_bar(canvas, plot, (along, beside), scale, _Slot(x, slot))
        canvas.line(left, bottom, left + width, bottom, MUTED)
        _draw_legend(canvas, plot, left, bottom + _AXIS_MM, is_line=is_line)


def _draw_lines(
    canvas: Canvas, plot: _Plot, scale: _Scale, first: float, step: float
) -> None:
    for beside in range(len(plot.beside)):
        paint, stretch = plot.paint(beside), list[tuple[float, float]]()
        for along in range(len(plot.along)):
            number = plot.number(along, beside)
            if number is None:
                # A line across a hidden number would reveal it.
                canvas.path(stretch, paint.colour, paint.pattern)
                stretch = []
                continue
            stretch.append((first + along * step, scale.at(number)))
            canvas.marker(*stretch[-1], paint)
        canvas.path(stretch, paint.colour, paint.pattern)


def _draw_bar(
    canvas: Canvas,
    plot: _Plot,
    place: tuple[int, int],
    scale: _Scale,
    slot: _Slot,
) -> None:
    number = plot.number(*place)
    if number is None:
        return
    top, height = scale.at(number), scale.begins - scale.at(number)
    canvas.area(slot.at, top, slot.width * 0.92, height, plot.paint(place[1]))
    text = plot.written(number)
    if canvas.width_of(text, _SMALL) < slot.width:
        canvas.text(slot.middle, top - 1.6, text, size=_SMALL, align="centre")


def _draw_horizontal(sheet: "Sheet", plot: _Plot) -> None:
    """Draw horizontal bars or boxes beside words, on as many pages as they take."""
    group, ticks = _group_mm(plot), plot.ticks()
    most = max(1, int(_rows_mm(plot) / group))
    for first in range(0, len(plot.along), most):
        names = plot.along[first : first + most]
        legend = _legend_mm(plot)
        height = group * len(names) + _AXIS_MM + legend
        with sheet.drawing(height, plot.alt) as canvas:
            room = _label_room(canvas, plot.along)
            length = canvas.width - room - _NUMBER_MM
            scale = _Scale(ticks, canvas.left + room, length)
            bottom = canvas.top + group * len(names)
            _draw_grid(canvas, plot, scale, bottom)
            for n, name in enumerate(names):
                y = canvas.top + n * group
                shown = canvas.fit(name, room - 2)
                canvas.text(canvas.left + room - 2, y + group / 2, shown, align="right")
                for beside in range(len(plot.beside)):
                    at = y + _GAP_MM / 2 + beside * _slot_mm(plot)
                    _draw_row(canvas, plot, (first + n, beside), scale, at)
            canvas.line(scale.begins, canvas.top, scale.begins, bottom, MUTED)
            _draw_legend(canvas, plot, scale.begins, bottom + _AXIS_MM)


def _draw_row(
    canvas: Canvas, plot: _Plot, place: tuple[int, int], scale: _Scale, y: float
) -> None:
    slot = _slot_mm(plot)
    if plot.is_hidden(*place):
        text = plot.wording.say("suppressed")
        canvas.text(scale.begins + 1, y + slot / 2, text, size=_SMALL, colour=MUTED)
        return
    if plot.is_distribution:
        distribution, paint = plot.distribution(*place), plot.paint(place[1])
        _draw_box(canvas, distribution, paint, scale, _Slot(y, slot))
        return
    number = plot.number(*place)
    if number is None:
        return
    end = scale.at(number)
    canvas.area(scale.begins, y, end - scale.begins, slot * 0.88, plot.paint(place[1]))
    text = plot.written(number, places=1 if plot.is_share else 0)
    canvas.text(end + 1, y + slot / 2, text, size=_SMALL)


def _draw_box(
    canvas: Canvas,
    distribution: Mapping[str, float],
    paint: Paint,
    scale: _Scale,
    slot: _Slot,
) -> None:
    """Draw the disclosed ones of quartiles, median, mean and 90th percentile."""
    thick, middle, stands = min(slot.width * 0.8, 4.0), slot.middle, slot.is_upright
    at = {name: scale.at(value) for name, value in distribution.items()}

    def line(begins: float, ends: float, across: float, width: float) -> None:
        # From one value to another, or across a single one.
        low, high = middle - across / 2, middle + across / 2
        if stands:
            canvas.line(low, begins, high, ends, paint.colour, width=width)
        else:
            canvas.line(begins, low, ends, high, paint.colour, width=width)

    if "p75" in at and "p90" in at:
        line(at["p75"], at["p90"], 0, 0.3)
        line(at["p90"], at["p90"], thick / 2, 0.3)
    if "p25" in at and "p75" in at:
        low, high = sorted((at["p25"], at["p75"]))
        by = Paint(paint.colour, paint.pattern, _BOX_STRENGTH)
        if stands:
            canvas.area(middle - thick / 2, low, thick, high - low, by)
        else:
            canvas.area(low, middle - thick / 2, high - low, thick, by)
    if "median" in at:
        line(at["median"], at["median"], thick, 0.8)
    if "mean" in at:
        x, y = (middle, at["mean"]) if stands else (at["mean"], middle)
        canvas.marker(x, y, Paint(INK))


def _draw_heat_map(sheet: "Sheet", plot: _Plot) -> None:
    """Draw a grid of cells, each with its number if there is room for it."""
    numbers = [n for place in plot.places() if (n := plot.number(*place)) is not None]
    highest = max(numbers, default=0) or 1
    most = max(1, int(_MOST_MM / _CELL_MM))
    for first in range(0, len(plot.beside), most):
        names = plot.beside[first : first + most]
        height = _CELL_MM * len(names) + _AXIS_MM + _LEGEND_MM
        with sheet.drawing(height, plot.alt) as canvas:
            room = _label_room(canvas, plot.beside)
            left = canvas.left + room
            step = (canvas.width - room) / len(plot.along)
            for n, name in enumerate(names):
                y = canvas.top + n * _CELL_MM
                shown = canvas.fit(name, room - 2)
                canvas.text(left - 2, y + _CELL_MM / 2, shown, align="right")
                for along in range(len(plot.along)):
                    x = left + along * step
                    cell = Canvas(sheet, x, y, step, _CELL_MM)
                    _draw_cell(cell, plot, (along, first + n), highest)
            bottom = canvas.top + _CELL_MM * len(names)
            _name_across(canvas, plot.along, left, step, bottom + _AXIS_MM / 2)
            said = plot.wording.say(
                Sentence(
                    "Darker means more, up to {number}. {mark}: suppressed.",
                    number=plot.written(highest, places=1 if plot.is_share else 0),
                    mark=_SUPPRESSED,
                )
            )
            y = bottom + _AXIS_MM + _LEGEND_MM / 2
            canvas.text(left, y, said, size=_SMALL, colour=MUTED)


def _draw_cell(
    cell: Canvas, plot: _Plot, place: tuple[int, int], highest: float
) -> None:
    number = plot.number(*place)
    middle = cell.left + cell.width / 2, cell.top + cell.height / 2
    if number is None:
        if plot.is_hidden(*place):
            cell.text(*middle, _SUPPRESSED, colour=MUTED, align="centre")
        return
    by = Paint(_DATA, strength=_PALEST + (1 - _PALEST) * number / highest)
    x, y = cell.left + _SEAM_MM, cell.top + _SEAM_MM
    cell.area(x, y, cell.width - 2 * _SEAM_MM, cell.height - 2 * _SEAM_MM, by)
    text = plot.written(number)
    if cell.width_of(text, _SMALL) < cell.width - 4 * _SEAM_MM:
        colour = _WHITE if by.strength > _DARK else INK
        cell.text(*middle, text, size=_SMALL, colour=colour, align="centre")


def _draw_grid(canvas: Canvas, plot: _Plot, scale: _Scale, bottom: float) -> None:
    for tick in scale.ticks:
        x = scale.at(tick)
        canvas.line(x, canvas.top, x, bottom, HAIRLINE)
        text = _tick_text(plot, scale.ticks, tick)
        y = bottom + _AXIS_MM / 2
        canvas.text(x, y, text, size=_SMALL, colour=MUTED, align="centre")


def _name_across(
    canvas: Canvas, names: Sequence[str], left: float, step: float, y: float
) -> None:
    """Write the names below a chart, as many as there is room for."""
    widest = max(canvas.width_of(name, _SMALL) for name in names) + 2
    each = max(1, ceil(widest / step))
    for place in range(0, len(names), each):
        x = left + step * (place + 0.5)
        canvas.text(x, y, names[place], size=_SMALL, colour=MUTED, align="centre")


def _draw_legend(
    canvas: Canvas, plot: _Plot, left: float, top: float, *, is_line: bool = False
) -> None:
    x, y = left, top + _LEGEND_MM / 2
    if plot.has_series:
        for beside, name in enumerate(plot.beside):
            text = canvas.fit(name, _LABEL_MM)
            width = canvas.width_of(text) + 10
            if x + width > canvas.left + canvas.width:
                x, y = left, y + _LEGEND_MM
            paint = plot.paint(beside)
            if is_line:
                canvas.path([(x, y), (x + 5, y)], paint.colour, paint.pattern)
                canvas.marker(x + 2.5, y, paint)
            else:
                canvas.area(x, y - 1.5, 5, 3, paint)
            canvas.text(x + 6.5, y, text)
            x += width
    if plot.is_timed and any(plot.is_hidden(*place) for place in plot.places()):
        text = f"{_SUPPRESSED} {plot.wording.say('suppressed')}"
        if x + canvas.width_of(text, _SMALL) > canvas.left + canvas.width:
            x, y = left, y + _LEGEND_MM
        canvas.text(x, y, text, size=_SMALL, colour=MUTED)


def _tick_text(plot: _Plot, ticks: tuple[float, ...], tick: float) -> str:
    step = (ticks[1] - ticks[0]) * (100 if plot.is_share else 1)
    return plot.written(tick, places=0 if step >= 1 else 1)


def _label_room(canvas: Canvas, names: Sequence[str]) -> float:
    widest = max(canvas.width_of(name) for name in names)
    return min(_LABEL_MM, widest) + 3


def _slot_mm(plot: _Plot) -> float:
    return _THIN_BAR_MM if plot.has_series else _BAR_MM


def _group_mm(plot: _Plot) -> float:
    return _slot_mm(plot) * len(plot.beside) + _GAP_MM


def _rows_mm(plot: _Plot) -> float:
    """Return how much of a page rows take beside their axis and legend."""
    return min(_MOST_MM, _PAGE_MM - _AXIS_MM - _legend_mm(plot))


def _legend_mm(plot: _Plot) -> float:
    # Names of fifty mm at most: two in a row, and "suppressed" at their end.
    rows = ceil((len(plot.beside) + 1) / 2) if plot.has_series else 1
    return rows * _LEGEND_MM
