"""The paper of a recovery kit: codes as large as a page allows, and lines of text."""

from functools import partial
from typing import Final

import pymupdf_fonts  # type: ignore[import-untyped]

from services.documents.forms.fonts import Face
from services.documents.forms.sheet import Sheet
from services.documents.forms.typefaces import Typeface, key

# All characters are equally wide, and none can be mistaken for another.
_MONO: Final = Face("spacemono", partial(pymupdf_fonts.myfont, "spacemo"))
_CODE_MM: Final = 100.0
_LABEL_MM: Final = 12.0
_LINE_MM: Final = 4.4
_POINTS: Final = 8.5
_INK: Final = (20, 33, 43)


class KitSheet(Sheet):
    """The pages of one kit."""

    def large_code(self, text: str, label: str) -> None:
        """Draw a code that a phone can read from paper, two on a page."""
        if self.will_page_break(_CODE_MM + _LABEL_MM):
            self.add_page()
        with self._tagged("P"):
            self._set("B", 11, _INK)
            self._lines(label, 6)
        with self._artifact():
            self._draw_code(text, self.l_margin, self.y, _CODE_MM)
        self.set_y(self.y + _CODE_MM + _LABEL_MM - 6)

    def text_page(self, label: str, text: str) -> None:
        """Write lines as they are, without breaking them."""
        self.fonts[key(_MONO)] = Typeface(self, _MONO)
        self.add_page()
        self._section_heading(label)
        for line in text.splitlines():
            with self._tagged("P"):
                self.set_font(_MONO.family, "", _POINTS)
                self.set_text_color(*_INK)
                self._lines(line, _LINE_MM)
