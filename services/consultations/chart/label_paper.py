"""Labels on paper: the patient's identity, and the record number to read and scan."""

from datetime import datetime
from itertools import groupby
from typing import Final

from barcode.codex import Code128  # type: ignore[import-untyped]
from fpdf import FPDF

from services.consultations.chart.labels import SIZES, LabelOrder, LabelPaper, LabelSize
from services.documents.forms import Wording, fonts
from services.documents.forms.typefaces import set_fonts
from services.patients.records import record_numbers
from services.patients.records.model import SEX_LABELS, PatientRecord

_TITLE: Final = "Labels"
_PAD_MM: Final = 3.0
_NAME_PT: Final = (11.0, 10.0, 9.0, 8.0)
_TWO_LINES_PT: Final = (8.0, 7.0, 6.0)
_NAME_MM: Final = 7.0
_FACTS_MM: Final = 4.5
_NUMBER_MM: Final = 4.5
# Four dots of a label printer with 300 dpi: thinner bars scan badly.
_BAR_MM: Final = 0.339
# Scanners recognise the code by white space beside it, ten bars wide.
_QUIET_BARS: Final = 10
_A4_MM: Final = 297.0
_CUT: Final = "…"


class LabelSheet(FPDF):
    """Pages with labels of one patient and nothing else."""

    def __init__(
        self,
        patient: PatientRecord,
        order: LabelOrder,
        now: datetime,
        wording: Wording,
    ) -> None:
        self._size: LabelSize = SIZES[order.paper]
        is_roll = order.paper is LabelPaper.ROLL
        super().__init__(
            format=(self._size.width, self._size.height) if is_roll else "A4"
        )
        self._patient, self._wording = patient, wording
        # Eight labels are slightly less high than the sheet.
        self._top = 0.0 if is_roll else (_A4_MM - 8 * self._size.height) / 2
        self.set_creation_date(now)
        self.set_title(wording.say(_TITLE))
        self.set_lang(wording.language)
        self.set_margin(0)
        self.set_auto_page_break(auto=False)
        self.c_margin = 0
        name = f"{patient.last_name}, {patient.first_name}"
        self._printable = fonts.replacing_missing(name)
        set_fonts(self, self._printable(name))
        for place in range(order.first - 1, order.first - 1 + order.labels):
            if not self.page or place % self._size.on_a_page == 0:
                self.add_page()
            row, column = divmod(place % self._size.on_a_page, self._size.columns)
            self._draw(column * self._size.width, self._top + row * self._size.height)

    def _draw(self, left: float, top: float) -> None:
        left, top = left + _PAD_MM, top + _PAD_MM
        born = self._wording.day(self._patient.date_of_birth)
        sex = self._wording.say(SEX_LABELS[self._patient.sex])
        self._draw_name(left, top)
        self.set_font(fonts.FAMILY, "", 8.5)
        self.set_xy(left, top + _NAME_MM)
        self.cell(0, _FACTS_MM, f"{born} · {sex}")
        bottom = top + self._size.height - 2 * _PAD_MM
        self._draw_bars(left, top + _NAME_MM + _FACTS_MM + 0.5, bottom - _NUMBER_MM)
        self.set_font(fonts.FAMILY, "B", 11)
        self.set_xy(left, bottom - _NUMBER_MM + 0.5)
        self.cell(
            self._width,
            _NUMBER_MM,
            record_numbers.formatted(self._patient.record_number),
            align="C",
        )

    def _draw_name(self, left: float, top: float) -> None:
        """Write the name on one line if that is readable, else on two."""
        last = self._printable(self._patient.last_name)
        first = self._printable(self._patient.first_name)
        whole = f"{last}, {first}"
        fits = self._fitting(whole, _NAME_PT)
        lines = [whole] if fits else [f"{last},", first]
        height = _NAME_MM / len(lines)
        for number, line in enumerate(lines):
            size = fits or self._fitting(line, _TWO_LINES_PT) or _TWO_LINES_PT[-1]
            self.set_font(fonts.FAMILY, "B", size)
            self.set_xy(left, top + number * height)
            self.cell(self._width, height, self._cut(line))

    def _fitting(self, line: str, sizes: tuple[float, ...]) -> float:
        """Return the first size in which the line fits the width, or 0."""
        for size in sizes:
            self.set_font(fonts.FAMILY, "B", size)
            if self.get_string_width(line) <= self._width:
                return size
        return 0.0

    def _cut(self, line: str) -> str:
        """Return the line, cut off with an ellipsis if there is no room for it."""
        if self.get_string_width(line) <= self._width:
            return line
        while self.get_string_width(line + _CUT) > self._width:
            line = line[:-1]
        return line + _CUT

    def _draw_bars(self, left: float, top: float, bottom: float) -> None:
        """Draw the number as it is stored: the search finds what a scanner types."""
        (bars,) = Code128(self._patient.record_number).build()
        whole = (len(bars) + 2 * _QUIET_BARS) * _BAR_MM
        x = left + (self._width - whole) / 2 + _QUIET_BARS * _BAR_MM
        self.set_fill_color(0)
        for bar, side_by_side in groupby(bars):
            width = len(tuple(side_by_side)) * _BAR_MM
            if bar == "1":
                self.rect(x, top, width, bottom - top, style="F")
            x += width

    @property
    def _width(self) -> float:
        return self._size.width - 2 * _PAD_MM


def print_labels(
    patient: PatientRecord,
    order: LabelOrder,
    *,
    now: datetime,
    wording: Wording,
) -> bytes:
    """Return the labels as PDF; the same patient and time give the same bytes."""
    return bytes(LabelSheet(patient, order, now, wording).output())
