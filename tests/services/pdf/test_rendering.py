"""Pages as pictures: whatever is on them, nothing of a PDF reaches a browser."""

import io

import pikepdf
import pytest
from PIL import Image
from pypdfium2.version import PDFIUM_INFO

from services.pdf.inspecting import NeedsPassword, NoSuchPage, NotAPdf, Unreadable
from tests.services.pdf import samples


def rendered(inspector, data, page=1, *, width=400):
    picture = inspector.render(io.BytesIO(data), page, width=width)
    return Image.open(io.BytesIO(picture), formats=["PNG"])


def is_blank(picture):
    return len(picture.convert("L").getcolors(maxcolors=256)) == 1


def test_a_page_is_drawn_as_wide_as_it_is_wanted(inspector):
    picture = rendered(inspector, samples.letter(), width=400)

    # A4, as fpdf2 makes its pages.
    assert picture.size == (400, 566)
    assert not is_blank(picture)


def test_a_page_with_colours_keeps_them(inspector):
    def paint(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Contents = pdf.make_stream(b"1 0 0 rg 0 0 600 900 re f")

    assert rendered(inspector, samples.letter()).mode == "L"
    assert rendered(inspector, samples.changed(paint)).getpixel((9, 9)) == (255, 0, 0)


def test_each_page_is_drawn_for_itself(inspector):
    letter = samples.letter("First", " ")

    assert not is_blank(rendered(inspector, letter, 1))
    assert is_blank(rendered(inspector, letter, 2))


@pytest.mark.parametrize("page", [-1, 0, 3])
def test_a_page_that_is_not_there_is_not_found(inspector, page):
    with pytest.raises(NoSuchPage):
        rendered(inspector, samples.letter("First", "Second"), page)


def test_no_script_could_run_for_there_is_no_engine():
    assert not {"V8", "XFA"}.intersection(PDFIUM_INFO.flags)


def test_what_was_typed_into_a_form_is_shown(inspector):
    def add_field(pdf: pikepdf.Pdf) -> None:
        field = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String("name"),
            V=pikepdf.String("Ada"),
            DA=pikepdf.String("/Helv 40 Tf 0 g"),
            Rect=pikepdf.Array([50, 400, 500, 500]),
        )
        field = pdf.make_indirect(field)
        pdf.pages[0].Contents = pdf.make_stream(b"")
        pdf.pages[0].Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))

    assert not is_blank(rendered(inspector, samples.changed(add_field)))


def test_a_long_page_becomes_narrower(inspector):
    picture = rendered(inspector, samples.with_page_of(200, 14_400), width=2000)

    assert picture.width < 2000
    assert 24_000_000 < picture.width * picture.height <= 25_100_000


@pytest.mark.parametrize(
    "size", [(200, 1e7), (1e7, 10)], ids=["a line downwards", "a line to the right"]
)
def test_a_page_that_is_but_a_line_is_refused(inspector, size):
    with pytest.raises(Unreadable, match="too large to be shown"):
        rendered(inspector, samples.with_page_of(*size))


def test_a_giant_page_is_as_wide_as_it_is_wanted(inspector):
    assert rendered(inspector, samples.with_page_of(1e6, 1e6)).size == (400, 400)


def test_nobody_gets_a_picture_of_any_width(inspector):
    assert rendered(inspector, samples.letter(), width=10**6).width <= 5000


def test_a_file_whose_end_is_missing_is_shown(inspector):
    assert not is_blank(rendered(inspector, samples.cut_off(), 2))


def test_a_locked_one_is_not_shown(inspector):
    with pytest.raises(NeedsPassword):
        rendered(inspector, samples.locked())


def test_what_is_no_pdf_is_not_shown(inspector):
    with pytest.raises(NotAPdf):
        rendered(inspector, b"GIF89a")
