"""What a PDF is, judged by nothing but its bytes."""

import io
import re

import pytest

from services.pdf.inspecting import NeedsPassword, NotAPdf, PdfReport, Unreadable
from tests.services.pdf import samples


def examined(inspector, data):
    return inspector.examine(io.BytesIO(data))


def test_pages_are_counted_and_their_text_is_read_page_by_page(inspector):
    report = examined(inspector, samples.letter("Haemoglobin 14.1", "Next: in May"))

    assert report == PdfReport(pages=2, text=("Haemoglobin 14.1", "Next: in May"))
    assert report.has_text


def test_a_page_without_words_has_no_text(inspector):
    report = examined(inspector, samples.wide_tree(1))

    assert (report.pages, report.text, report.has_text) == (1, ("",), False)


@pytest.mark.parametrize(
    ("make", "findings"),
    [
        (samples.with_script, ("scripts",)),
        (samples.with_hidden_script, ("scripts",)),
        (samples.with_xfa_script, ("scripts", "xfa")),
        (samples.with_film_script, ("scripts",)),
        (samples.with_launch, ("launch",)),
        (samples.with_attachment, ("attachments",)),
        (samples.with_words_only, ()),
        (samples.restricted, ()),
        (samples.polyglot, ("polyglot",)),
        (samples.cut_off, ("damaged",)),
        (samples.cut_in_the_middle, ("damaged",)),
        (samples.lying_about_pages, ("damaged",)),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_what_is_inside_is_told_and_accepted(inspector, make, findings):
    report = examined(inspector, make())

    assert report.findings == findings
    assert report.pages


def test_a_name_is_recognised_however_it_is_spelt(inspector):
    report = examined(inspector, samples.with_spelt_out_script())

    assert "scripts" in report.findings


def test_a_file_that_needs_its_own_password_is_accepted_without_pages(inspector):
    report = examined(inspector, samples.locked())

    assert report == PdfReport(pages=None, findings=("encrypted",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MZ\x90\x00" + b"\0" * 2000,
        b"<html>%PDF</html>",
        b"\0" * 1024 + samples.letter(),
    ],
    ids=["nothing", "a program", "a page", "a PDF too late in the file"],
)
def test_what_does_not_begin_like_a_pdf_is_none(inspector, data):
    with pytest.raises(NotAPdf, match=re.escape("Only PDF files are allowed")):
        examined(inspector, data)


@pytest.mark.parametrize(
    "data",
    [
        samples.without_pages(),
        samples.with_lost_page(),
        b"%PDF-1.7",
        b"%PDF-1.7\n" + b"(" * 100_000,
    ],
    ids=["no pages", "a lost page", "nothing but a header", "an endless text"],
)
def test_a_file_of_which_no_page_opens_is_refused_in_words(inspector, data):
    with pytest.raises(Unreadable, match="none of its pages can be opened"):
        examined(inspector, data)


def test_text_is_such_as_a_database_can_keep(inspector):
    report = examined(inspector, samples.saying(rb"Fine\000\001\037\177 words"))

    assert report.text == ("Fine words",)


def test_a_word_parted_at_the_end_of_a_line_is_one_word(inspector):
    report = examined(inspector, samples.saying(b"The exami-) Tj 0 -9 Td (nation is"))

    assert report.text == ("The examination is",)


def test_a_page_holds_only_so_much_text(inspector):
    report = examined(inspector, samples.saying(b") Tj (".join([b"a" * 30_000] * 5)))

    assert [len(page) for page in report.text] == [100_000]


def test_the_text_of_a_locked_file_is_not_to_be_had(inspector):
    with pytest.raises(NeedsPassword, match="needs its own password"):
        inspector.text(io.BytesIO(samples.locked()))


def test_text_can_be_had_without_an_examination(inspector):
    assert inspector.text(io.BytesIO(samples.letter("One", "Two"))) == ("One", "Two")
