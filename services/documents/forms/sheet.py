"""The paper: letterhead, footer, headings, facts and running text, all tagged."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, cast
from unicodedata import bidirectional
from uuid import UUID

from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from fpdf.fonts import FontFace
from fpdf.prefs import ViewerPreferences

from services.documents.forms import fonts, xmp
from services.documents.forms.canvas import Canvas
from services.documents.forms.clinic import Clinic
from services.documents.forms.qr_codes import code_of
from services.documents.forms.typefaces import set_fonts
from services.documents.forms.wording import ENGLISH, Wording

_INK: Final = (20, 33, 43)
_MUTED: Final = (74, 91, 103)
_ACCENT: Final = (11, 100, 112)
_HAIRLINE: Final = (200, 210, 215)
_SIDE_MM: Final = 22.0
_TOP_MM: Final = 18.0
_BOTTOM_MM: Final = 24.0
_LABEL_MM: Final = 46.0
_LINE_MM: Final = 5.6
_CODE_MM: Final = 22.0
_LARGE_CODE_MM: Final = 55.0
# A heading alone at the foot of a page moves to the next one with its first lines.
_TOGETHER_MM: Final = 18.0
# A heading, the names of the columns below it, and a first row of two lines.
_TABLE_BEGINS_MM: Final = 32.0
# fpdf2 refuses a row of a table that is higher than a page; what is longer continues
# in a row below.
_MOST_LINES: Final = 24
_WIDEST_MM: Final = 4.2
_CELL_GAP_MM: Final = 2.0
# Placeholder for the number of pages until that is known, as wide as its digits; a
# noncharacter, so nobody can type it and no font has it.
_PAGES: Final = "\ufdd0" * 4
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_TWO_BYTE: Final = 0x2AF


class Sheet(FPDF):
    """One document on A4, as PDF/A-2u.

    fpdf2 tags only pictures. What is written inside `_tagged` is closed before the foot
    of a page and opened again on the next, so that text which flows over keeps its tag.
    """

    def __init__(
        self,
        *,
        clinic: Clinic,
        title: str,
        subject: str,
        document_id: UUID,
        now: datetime,
        text: Iterable[str],
        has_code: bool = True,
        creator: str = "",
        wording: Wording = ENGLISH,
    ) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-2U")
        self._code_mm = _CODE_MM if has_code else 0.0
        self._clinic, self._heading, self._subject = clinic, title, subject
        self._document_id = str(document_id)
        self._wording = wording
        self._open_tag = ""
        whole = "".join(text)
        self._printable = fonts.replacing_missing(whole)
        self.set_creation_date(now)
        self.set_title(title)
        self.set_lang(wording.language)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_xmp_metadata(
            xmp.packet(
                title=title,
                creator=creator or clinic.name,
                language=wording.language,
                identifier=f"urn:uuid:{document_id}",
                timestamp=now,
            )
        )
        self.alias_nb_pages(_PAGES)
        set_fonts(self, self._printable(whole))
        self.set_margins(_SIDE_MM, _TOP_MM)
        self.set_auto_page_break(auto=True, margin=_BOTTOM_MM)
        self.c_margin = 0
        self.add_page()

    def title_line(self, text: str) -> None:
        """Write the title of the document."""
        with self._tagged("H1"):
            self._set("B", 20, _INK)
            self._lines(text, 9)
        self.ln(4)

    def fact(self, label: str, value: str) -> None:
        """Write one short value beside its label."""
        if self.will_page_break(2 * _LINE_MM):
            self.add_page()
        with self._tagged("P"):
            self._set("", 9.5, _MUTED)
            self._lines(label, _LINE_MM, width=_LABEL_MM, stays=True)
            self.set_x(self.l_margin + _LABEL_MM)
            self._set("", 11, _INK)
            self.multi_cell(
                0, _LINE_MM, value, align="L", new_x="LMARGIN", new_y="NEXT"
            )
        self.ln(1)

    def section(self, label: str, text: str) -> None:
        """Write running text under a heading; it may continue over pages."""
        self._section_heading(label)
        self.paragraphs(text)

    def paragraphs(self, text: str) -> None:
        """Write running text without a heading; it may continue over pages."""
        for paragraph in text.split("\n"):
            if not paragraph.strip():
                self.ln(_LINE_MM / 2)
                continue
            with self._tagged("P"):
                self._set("", 11, _INK)
                self._lines(paragraph, _LINE_MM)

    def rows(
        self,
        label: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        widths: tuple[int, ...] | None = None,
    ) -> None:
        """Write a table under a heading; its column names repeat on every page."""
        self._section_heading(label, _TABLE_BEGINS_MM)
        self.table_of(columns, rows, widths=widths)

    def heading(self, label: str, *, together: float) -> None:
        """Write a heading; at least `together` mm after it stay on its page."""
        self._section_heading(label, together)

    def table_of(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        widths: tuple[int, ...] | None = None,
    ) -> None:
        """Write a table; its column names repeat on every page.

        The columns are equally wide, or in proportion to `widths`.
        """
        self._set("", 10, _INK)
        self.set_draw_color(*_HAIRLINE)
        heading = FontFace(emphasis="BOLD", color=_MUTED)
        parts = [part for row in rows for part in self._parts_of(row)]
        with (
            self._tagged("P"),
            self.table(
                (columns, *parts),
                borders_layout="HORIZONTAL_LINES",
                headings_style=heading,
                col_widths=widths,
                line_height=_LINE_MM,
                padding=(0.8, _CELL_GAP_MM, 0.8, 0),
                text_align="LEFT",
            ),
        ):
            pass

    @contextmanager
    def drawing(self, height: float, said: str) -> Iterator[Canvas]:
        """Yield a canvas as wide as the text; `said` is its alternative text."""
        if self.will_page_break(height):
            self.add_page()
        top, number = self.y, self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type="/Figure", mcid=number, alt_text=said)
        self._out(f"/Figure <</MCID {number}>> BDC")
        # A graphics state of its own: its colours and widths must not affect a later
        # table.
        with self.local_context():
            yield Canvas(self, self.l_margin, top, self.epw, height)
        self._out("EMC")
        self.set_xy(self.l_margin, top + height)

    def code(self, text: str, spelt: str) -> None:
        """Draw a large code for scanning, with its content in letters below."""
        if self.will_page_break(_LARGE_CODE_MM + _TOGETHER_MM):
            self.add_page()
        self.ln(6)
        with self._artifact():
            self._draw_code(text, self.l_margin, self.y, _LARGE_CODE_MM)
        self.set_y(self.y + _LARGE_CODE_MM + 3)
        with self._tagged("P"):
            self._set("B", 16, _INK)
            self._lines(spelt, 8)

    def signature(self, author: str, day: str) -> None:
        """Write who is responsible for the document, and leave room for a signature."""
        if self.will_page_break(_TOGETHER_MM):
            self.add_page()
        self.ln(14)
        with self._artifact():
            self.set_draw_color(*_HAIRLINE)
            self.line(self.l_margin, self.y, self.l_margin + 70, self.y)
        self.ln(1.5)
        with self._tagged("P"):
            self._set("", 9.5, _MUTED)
            self._lines(f"{author}, {day}" if author else day, 5)

    def header(self) -> None:
        """Draw the letterhead, or on later pages a line with title and subject."""
        with self._artifact():
            if self.page == 1:
                self._letterhead()
            else:
                self._set("", 8.5, _MUTED)
                self._lines(f"{self._heading}, {self._subject}", 4.5)
            self.ln(3)
            self.set_draw_color(*_HAIRLINE)
            self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
        self.ln(8)
        if self._open_tag:
            self._begin(self._open_tag)

    def footer(self) -> None:
        """Draw the document's id and the page number."""
        if self._open_tag:
            self._out("EMC")
        with self._artifact():
            self.set_y(-15)
            self._set("", 8, _MUTED)
            # Its width is known only with the last page, so nothing is placed after it.
            _ = self._wording.say
            page = _("Page {page} of {pages}").format(page=self.page, pages=_PAGES)
            self.cell(0, 4, page)
            self.set_x(self.l_margin)
            document = _("Document {id}").format(id=self._document_id)
            self.cell(0, 4, document, align="R")

    def normalize_text(self, text: str) -> str:
        """Return the text with a box for each character that no font has.

        A tab, for which no font has a glyph, is a space: without one, "2" and "5 mg"
        from two cells of a table would read "25 mg".
        """
        spaced = text.replace("\t", " ")
        return self._printable(super().normalize_text(spaced))

    def _parts_of(self, row: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield a row of a table, in several parts if it is higher than a page."""
        width = self.epw / len(row) - _CELL_GAP_MM
        a_line = width / _WIDEST_MM
        if all(len(cell) / a_line + cell.count("\n") <= _MOST_LINES for cell in row):
            yield row
            return
        cells = [self._wrapped(cell, width) for cell in row]
        for first in range(0, max(map(len, cells)), _MOST_LINES):
            yield ["\n".join(lines[first : first + _MOST_LINES]) for lines in cells]

    def _wrapped(self, text: str, width: float) -> list[str]:
        lines = self.multi_cell(
            width,
            text=text,
            align="L",
            dry_run=True,
            output=MethodReturnValue.LINES,
        )
        return cast("list[str]", lines)

    def _section_heading(self, label: str, together: float = _TOGETHER_MM) -> None:
        if self.will_page_break(together):
            self.add_page()
        self.ln(4)
        with self._tagged("H2"):
            self._set("B", 11.5, _ACCENT)
            self._lines(label, 6)
        self.ln(1)

    def _letterhead(self) -> None:
        width = self.epw
        if self._code_mm:
            left = self.w - self.r_margin - _CODE_MM
            self._draw_code(self._document_id, left, _TOP_MM, _CODE_MM)
            width -= _CODE_MM + 6
        self._set("B", 14, _ACCENT)
        self._lines(self._clinic.name, 7, width=width)
        self._set("", 9, _MUTED)
        for line in (*self._clinic.address.split("\n"), self._clinic.phone):
            if line.strip():
                self._lines(line.strip(), 4.5, width=width)
        self.set_y(max(self.y, _TOP_MM + self._code_mm))

    def _draw_code(self, text: str, left: float, top: float, whole: float) -> None:
        code = code_of(text)
        side = whole / code.size
        self.set_fill_color(*_INK)
        for dark in code.stretches:
            x, y = left + dark.column * side, top + dark.row * side
            self.rect(x, y, dark.length * side, side, style="F")

    def _set(self, style: str, size: float, colour: tuple[int, int, int]) -> None:
        self.set_font(fonts.FAMILY, style, size)
        self.set_text_color(*colour)

    def _lines(
        self, text: str, height: float, *, width: float = 0, stays: bool = False
    ) -> None:
        self.multi_cell(
            width,
            height,
            text,
            align="R" if is_right_to_left(text) else "L",
            new_x="LMARGIN",
            new_y="TOP" if stays else "NEXT",
        )

    @contextmanager
    def _tagged(self, kind: str) -> Iterator[None]:
        self._open_tag = kind
        self._begin(kind)
        yield
        self._out("EMC")
        self._open_tag = ""

    def _begin(self, kind: str) -> None:
        number = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{kind}", mcid=number)
        self._out(f"/{kind} <</MCID {number}>> BDC")

    @contextmanager
    def _artifact(self) -> Iterator[None]:
        """Have screen readers skip what is not the text itself."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    def _render_styled_text_line(self, text_line: Any, *args: Any, **rest: Any) -> bool:
        """Write a line with its characters where its glyphs do not map back."""
        broken = self._perform_page_break_if_need_be(text_line.height)
        said = "".join("".join(part.characters) for part in text_line.fragments)
        if not _needs_saying(said):
            return super()._render_styled_text_line(text_line, *args, **rest) or broken
        spelt = f"\ufeff{said}".encode("utf-16-be").hex()
        self._out(f"/Span <</ActualText <{spelt}>>> BDC")
        super()._render_styled_text_line(text_line, *args, **rest)
        self._out("EMC")
        return broken


def is_right_to_left(text: str) -> bool:
    """Return whether the first letter with a direction is a right-to-left one."""
    for character in text:
        direction = bidirectional(character)
        if direction == "L":
            return False
        if direction in _RIGHT_TO_LEFT:
            return True
    return False


def _needs_saying(text: str) -> bool:
    """Return whether shaping changes what can be read back from the glyphs.

    Right-to-left lines are left to their glyphs: PDFium reverses the text that it is
    given.
    """
    if text.isascii() or is_right_to_left(text):
        return False
    return any(ord(character) > _TWO_BYTE for character in text)
