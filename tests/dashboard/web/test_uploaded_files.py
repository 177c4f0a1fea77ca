"""An uploaded file is in memory once, however often its page runs."""

import copy
import tracemalloc

import pytest
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from dashboard.web import uploaded_files

DATA = bytes(range(256)) * 20_000


@pytest.fixture
def upload(monkeypatch):
    # Undone afterwards, although the attribute does not exist yet.
    monkeypatch.setattr(UploadedFile, "__deepcopy__", None, raising=False)
    uploaded_files.share_bytes()
    record = UploadedFileRec("a1", "letter.pdf", "application/pdf", DATA)
    return UploadedFile(record, FileURLs(file_id="a1"))


def test_a_run_gets_the_file_and_no_other_copy_of_its_bytes(upload):
    upload.read()
    tracemalloc.start()
    try:
        copied = copy.deepcopy(upload)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 100_000
    assert copied.read() == DATA
    assert (copied.file_id, copied.name, copied.size) == ("a1", "letter.pdf", len(DATA))


def test_what_one_run_writes_or_closes_the_next_one_does_not_see(upload):
    first, second = copy.deepcopy(upload), copy.deepcopy(upload)
    first.write(b"something else")
    first.close()

    assert second.getvalue() == upload.getvalue() == DATA


def test_a_file_that_was_let_go_of_can_be_copied(upload):
    upload.close()

    assert copy.deepcopy(upload).getvalue() == b""


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("He said %22yes%22.pdf", 'He said "yes".pdf'),
        ("two%0D%0Alines.pdf", "two lines.pdf"),
        ("50%25 of 100%.pdf", "50%25 of 100%.pdf"),
        ("letter\u202efdp.exe", "letterfdp.exe"),
    ],
    ids=["quotes", "lines", "percent", "backwards"],
)
def test_a_page_gets_the_name_at_the_sender_on_one_line_as_it_is_read(
    upload, sent, name
):
    upload.name = sent

    first = copy.deepcopy(upload)

    assert first.name == copy.deepcopy(first).name == name
