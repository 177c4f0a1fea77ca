"""Words on pictures, read by a real tesseract where there is one."""

import io
import shutil

import pytest
from fpdf import FPDF
from PIL import Image

from services.pdf.recognition import Recogniser
from services.pdf.sources import handed_over
from tests.services.pdf import samples

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="tesseract is not installed"
)


def scan(inspector, *pages):
    """A PDF that is nothing but pictures of the pages of a letter."""
    letter, made = io.BytesIO(samples.letter(*pages)), FPDF()
    for number, _ in enumerate(pages, 1):
        picture = inspector.render(letter, number, width=1700)
        made.add_page()
        made.image(Image.open(io.BytesIO(picture)), 0, 0, w=210)
    return bytes(made.output())


@needs_tesseract
def test_the_words_on_a_scanned_page_are_read(inspector):
    scanned = io.BytesIO(scan(inspector, "Haemoglobin 14.1", "Next visit in May"))
    recogniser = Recogniser.installed(inspector, "eng")

    with handed_over(scanned) as file:
        words = [recogniser.words_on(file, page) for page in (1, 2)]

    assert not inspector.examine(scanned).has_text
    assert words == ["Haemoglobin 14.1", "Next visit in May"]


@needs_tesseract
def test_what_cannot_be_read_has_no_words(inspector):
    recogniser = Recogniser.installed(inspector, "no_such_language")

    with handed_over(io.BytesIO(samples.letter())) as file:
        assert recogniser.words_on(file, 1) == ""
        assert recogniser.words_on(file, 2) == ""


def test_where_tesseract_is_not_installed_there_is_no_recogniser(
    inspector, monkeypatch
):
    monkeypatch.setenv("PATH", "/nowhere")

    assert Recogniser.installed(inspector, "eng") is None
