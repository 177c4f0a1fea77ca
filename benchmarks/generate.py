"""A one-page document from a form, against the same page handwritten in fpdf2.

The peer checks nothing, tags nothing and has no machine-readable data about itself; it
has the same fonts (as files), shaping, letterhead, QR code and lines, and is PDF/A too.
Run as `python -m benchmarks.generate`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

import segno
from fpdf import FPDF

from benchmarks.measure import compare
from services.documents import forms
from services.documents.forms import fonts

_NOW: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
_ID: Final = UUID("019aa0e4-3b7c-7d10-8f3e-2b6a5c9d1e00")
_CLINIC: Final = forms.Clinic("Riverside Clinic", "12 River Street", "+44 20 7946")
_RECORD: Final = forms.TEMPLATES["medical_record"]
_TEXT: Final = (
    "The patient reports shortness of breath on exertion since spring, without chest "
    "pain. Blood pressure 150/95, pulse 84, lungs clear. Ramipril was raised to 10 mg; "
    "a control with laboratory values is planned in four weeks. "
)
_FORMS: Final = {
    "latin": {
        "name": "Ada Lovelace",
        "record_number": "4K7-P2X",
        "date_of_birth": "1980-01-31",
        "diagnosis": "Arterial hypertension, asthma",
        "allergies": "Penicillin, latex",
        "medical_information": _TEXT * 5,
    },
    "four scripts": {
        "name": "Ελένη Παπαδοπούλου",
        "record_number": "7M3-R9T",
        "date_of_birth": "1980-01-31",
        "diagnosis": "राजेश श्रीवास्तव",
        "allergies": "حساسية من البنسلين",
        "medical_information": _TEXT * 4 + "对青霉素过敏",
    },
}
_SPELT: Final = {"date_of_birth": "31 January 1980"}


def main() -> float:
    """Print a line for each form and return the worst ratio; the bar is 1.5."""
    with TemporaryDirectory() as folder:
        return max(
            compare(
                f"one page, {name}",
                _as_we_do(form),
                partial(_by_hand, form, _files(Path(folder), form)),
            )
            for name, form in _FORMS.items()
        )


def _as_we_do(form: Mapping[str, str]) -> Callable[[], bytes]:
    return partial(
        forms.generate,
        _RECORD,
        form,
        clinic=_CLINIC,
        document_id=_ID,
        now=_NOW,
        author="Dr Bo Lee",
    )


def _files(folder: Path, form: Mapping[str, str]) -> dict[str, tuple[Path, fonts.Face]]:
    faces = {"text": fonts.TEXT, "textB": fonts.BOLD}
    faces |= {
        face.family: face for face in fonts.fallback_faces("".join(form.values()))
    }
    files = {}
    for name, face in faces.items():
        path = folder / f"{name}.{'otc' if face.number else 'ttf'}"
        path.write_bytes(fonts.data(face))
        files[name] = (path, face)
    return files


def _by_hand(
    form: Mapping[str, str], files: Mapping[str, tuple[Path, fonts.Face]]
) -> bytes:
    pdf = FPDF(format="A4", enforce_compliance="PDF/A-2U")
    pdf.set_creation_date(_NOW)
    pdf.set_title(_RECORD.title)
    pdf.set_lang("en")
    for name, (path, face) in files.items():
        family, style = name.removesuffix("B"), face.style
        pdf.add_font(family, style, path, collection_font_number=face.number)
    pdf.set_fallback_fonts(
        [name for name in files if not name.startswith("text")], False
    )
    pdf.set_text_shaping(True)
    pdf.set_margins(22, 18)
    pdf.set_auto_page_break(True, 24)
    pdf.add_page()
    _head(pdf)
    _body(pdf, form)
    return bytes(pdf.output())


def _head(pdf: FPDF) -> None:
    rows = segno.make_qr(str(_ID), error="m").matrix
    module, left = 22 / len(rows), pdf.w - pdf.r_margin - 22
    for down, row in enumerate(rows):
        for across, dark in enumerate(row):
            if dark:
                place = (left + across * module, 18 + down * module)
                pdf.rect(*place, module, module, style="F")
    _line(pdf, _CLINIC.name, 14, "B")
    _line(pdf, _CLINIC.address, 9)
    _line(pdf, _CLINIC.phone, 9)
    pdf.line(22, 43, pdf.w - 22, 43)
    pdf.set_y(51)


def _body(pdf: FPDF, form: Mapping[str, str]) -> None:
    _line(pdf, _RECORD.title, 20, "B")
    for field in _RECORD.fields:
        value = _SPELT.get(field.name, form[field.name])
        if field.kind is forms.FormFieldKind.TEXT:
            pdf.ln(4)
            _line(pdf, field.label, 11.5, "B")
        else:
            pdf.set_font("text", "", 9.5)
            pdf.multi_cell(46, 5.6, field.label, new_x="LMARGIN", new_y="TOP")
            pdf.set_x(68)
        _line(pdf, value, 11)
    pdf.ln(14)
    pdf.line(22, pdf.y, 92, pdf.y)
    _line(pdf, "Dr Bo Lee, 20 November 2026", 9.5)
    pdf.set_auto_page_break(False)
    pdf.set_y(-15)
    pdf.set_font("text", "", 8)
    pdf.cell(0, 4, f"Page {pdf.page} of {{nb}}")
    pdf.set_x(22)
    pdf.cell(0, 4, f"Document {_ID}", align="R")


def _line(pdf: FPDF, text: str, size: float, style: str = "") -> None:
    pdf.set_font("text", style, size)
    pdf.multi_cell(0, size / 2, text, new_x="LMARGIN", new_y="NEXT", align="L")


if __name__ == "__main__":
    main()
