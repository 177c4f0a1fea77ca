"""Words in pictures of pages, recognised by the real models in their own process."""

import io

import pytest
from fpdf import FPDF
from PIL import Image, ImageChops, ImageFilter

from services.pdf.inspecting import NotAPdf
from tests.services.pdf import samples

LETTER = (
    "Northgate Hospital, Cardiology\nDate: 14 March 2026\n"
    "Haemoglobin 14.1 g/dl, pulse 76 per minute\n"
    "Müller wünscht größere Stärke"
)


def worn(picture):
    """Return the page as from a poor scanner: skewed, out of focus, and grainy."""
    grey = picture.convert("L").rotate(1.5, fillcolor=255, resample=Image.BICUBIC)
    grains = Image.effect_noise(grey.size, 40)
    blurred = grey.filter(ImageFilter.GaussianBlur(0.8))
    return ImageChops.add(blurred, grains, 1, -128)


def scan(inspector, *pages, change=lambda picture: picture):
    """Return a PDF with nothing but pictures of the pages of a letter."""
    letter, made = io.BytesIO(samples.letter(*pages)), FPDF()
    for number, _ in enumerate(pages, 1):
        picture = inspector.render(letter, number, width=1700)
        made.add_page()
        made.image(change(Image.open(io.BytesIO(picture))), 0, 0, w=210)
    return bytes(made.output())


def test_the_words_on_scanned_pages_are_read_where_they_stand(inspector):
    pages = ("Haemoglobin 14.1", "Next visit in May")
    letter, scanned = (
        io.BytesIO(samples.letter(*pages)),
        io.BytesIO(scan(inspector, *pages)),
    )

    first, second = (inspector.recognise(scanned, page) for page in (1, 2))

    assert not inspector.examine(scanned).has_text
    assert (first.text, second.text) == pages
    # Where the words are in the file from which the picture was made.
    there = inspector.words(letter, 1).words
    for word, place in zip(first.words, there, strict=True):
        assert word.text == place.text
        assert word.left == pytest.approx(place.left, abs=0.02)
        assert word.top == pytest.approx(place.top, abs=0.02)
        assert word.width == pytest.approx(place.width, abs=0.02)


def test_a_poor_scan_is_read_line_by_line(inspector):
    scanned = scan(inspector, LETTER, change=worn)

    assert inspector.recognise(io.BytesIO(scanned), 1).text == LETTER


def test_a_page_without_words_has_none(inspector):
    assert inspector.recognise(io.BytesIO(samples.wide_tree(1)), 1).text == ""


def test_what_is_no_pdf_is_refused(inspector):
    with pytest.raises(NotAPdf):
        inspector.recognise(io.BytesIO(b"no PDF"), 1)
