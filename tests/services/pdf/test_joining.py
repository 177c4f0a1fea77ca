"""Several PDFs are joined for printing: all pages, in order, and nothing else."""

import io

import pikepdf
import pytest

from services.pdf.inspecting import NeedsPassword, Unreadable
from tests.services.pdf.samples import cut_off, letter, locked, with_script


def test_all_pages_come_one_file_after_the_other(inspector):
    whole = inspector.join([letter("one", "two"), letter("three"), letter("one")])

    pages = inspector.text(io.BytesIO(whole))
    assert [page.strip() for page in pages] == ["one", "two", "three", "one"]


def test_what_a_file_does_when_it_is_opened_stays_behind(inspector):
    whole = inspector.join([letter("one"), with_script()])

    assert inspector.examine(io.BytesIO(with_script())).findings
    assert not inspector.examine(io.BytesIO(whole)).findings
    with pikepdf.open(io.BytesIO(whole)) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}


def test_a_locked_file_among_them_is_named_as_the_reason(inspector):
    with pytest.raises(NeedsPassword):
        inspector.join([letter("one"), locked()])


def test_what_is_no_pdf_breaks_nothing(inspector):
    with pytest.raises(Unreadable):
        inspector.join([letter("one"), b"%PDF-1.7 and nothing more"])

    assert inspector.join([letter("one")]).startswith(b"%PDF-")


def test_a_file_that_was_cut_off_is_mended_or_refused_but_never_left_out(inspector):
    try:
        whole = inspector.join([letter("one"), cut_off()])
    except Unreadable:
        return
    assert len(inspector.text(io.BytesIO(whole))) > 1
