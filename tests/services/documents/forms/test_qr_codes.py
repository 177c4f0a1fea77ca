"""The code on the first page contains the document's id."""

from io import BytesIO

import pypdfium2
import segno

from services.documents.forms.qr_codes import code_of
from tests.services.documents.forms.samples import ID, made


def test_the_dark_modules_are_those_of_the_id():
    code = code_of(str(ID))

    dark = {
        (stretch.row, stretch.column + offset)
        for stretch in code.stretches
        for offset in range(stretch.length)
    }
    matrix = segno.make_qr(str(ID), error="m").matrix
    assert code.size == len(matrix)
    assert dark == {
        (row, column)
        for row, modules in enumerate(matrix)
        for column, is_dark in enumerate(modules)
        if is_dark
    }


def test_the_page_shows_each_module_where_it_belongs():
    document = pypdfium2.PdfDocument(BytesIO(made()))
    width, top_mm, code_mm, margin_mm = 2100, 18, 22, 22
    scale = width / document[0].get_width()
    picture = document[0].render(scale=scale).to_pil().convert("RGB")
    document.close()
    matrix = segno.make_qr(str(ID), error="m").matrix
    side = code_mm / len(matrix) * width / 210

    def is_dark(row, column):
        x = (210 - margin_mm - code_mm) * width / 210 + (column + 0.5) * side
        y = top_mm * width / 210 + (row + 0.5) * side
        return sum(picture.getpixel((int(x), int(y)))) < 384

    seen = [[is_dark(r, c) for c in range(len(matrix))] for r in range(len(matrix))]
    assert seen == [[bool(module) for module in row] for row in matrix]
