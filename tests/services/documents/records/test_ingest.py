"""Files are judged by their content on their way into the store."""

import hashlib
import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from tempfile import SpooledTemporaryFile, TemporaryFile

import pytest

from db.files.gridfs import Bucket, FileStore
from services.core.errors import InvalidInput, Unavailable
from services.documents import records
from services.documents.records import DocumentIngest
from services.documents.records.errors import (
    MAX_BYTES,
    ActiveContent,
    DocumentIdTaken,
    FileGone,
    FilesUnavailable,
    NotAPdf,
    Unreadable,
)
from services.pdf.inspecting import PdfInspector
from services.pdf.report import ACTIVE, PdfReport
from services.pdf.sources import pieces_of
from tests.services.documents.records.samples import file
from tests.services.pdf import samples
from tests.services.pdf.attacks import ATTACKS, NOWHERE

PDF = b"%PDF-1.7 " + os.urandom(700_000)
TOO_MUCH = bytes(MAX_BYTES + 1)
HARMLESS = PdfReport(1, text=("words",))
LATER = datetime.now(UTC) + timedelta(days=1)


class Sure:
    """An examiner or scanner that has made up its mind."""

    def __init__(self, finding):
        self._finding = finding

    def examine(self, source, **_options):
        assert any(pieces_of(source))
        if isinstance(self._finding, Exception):
            raise self._finding
        return self._finding

    scan = examine


def ingest(files, finding=HARMLESS, *, verdict=None, refuse_active=False):
    scanner = None if verdict is None else Sure(verdict)
    return DocumentIngest(files, Sure(finding), scanner, refuse_active=refuse_active)


def stored(files):
    return list(files.list_older_than(Bucket.DOCUMENTS, LATER))


def test_what_is_taken_in_is_stored_whole_and_measured(files):
    taken = ingest(files).receive(BytesIO(PDF), "x.pdf")

    assert (taken.filesize, taken.filename) == (len(PDF), "x.pdf")
    assert taken.sha256 == hashlib.sha256(PDF).digest()
    assert taken.report == HARMLESS
    assert files.get(Bucket.DOCUMENTS, taken.file_id).data == PDF


def test_a_spooled_file_is_taken_in_from_its_beginning(files):
    with TemporaryFile() as spooled:
        spooled.write(PDF)

        taken = ingest(files).receive(spooled, "x.pdf")

        assert not spooled.closed
    assert files.get(Bucket.DOCUMENTS, taken.file_id).data == PDF


def test_what_a_form_spooled_in_memory_is_taken_in(files):
    with SpooledTemporaryFile(max_size=2 * len(PDF)) as spooled:
        spooled.write(PDF)

        taken = ingest(files, verdict="clean").receive(spooled, "x.pdf")

    assert files.get(Bucket.DOCUMENTS, taken.file_id).data == PDF


def test_a_filed_document_is_read_back_byte_for_byte(session, clerk, files):
    taken = ingest(files).receive(BytesIO(PDF), "x.pdf")
    filed = file(session, clerk, holding=taken)

    version = records.open_version(session, clerk, filed.id, purpose="download")

    with records.open_file(files, version) as stream:
        assert stream.read() == PDF


@pytest.mark.parametrize(
    ("data", "name", "finding", "sentence"),
    [
        (b"", "", HARMLESS, "No file uploaded"),
        (b"", "x.pdf", HARMLESS, "Only PDF files are allowed"),
        (b"MZ", "x.pdf", HARMLESS, "Only PDF files are allowed"),
        (PDF, "x.pdf", NotAPdf(), "Only PDF files are allowed"),
        (PDF, "x.pdf", Unreadable("No page."), "No page."),
        (TOO_MUCH, "x.pdf", HARMLESS, "File size exceeds 50MB limit"),
    ],
    ids=["nothing", "empty", "no PDF", "no PDF after all", "unreadable", "too large"],
)
def test_what_is_refused_is_said_word_for_word_and_not_kept(
    files, data, name, finding, sentence
):
    with pytest.raises(InvalidInput) as refused:
        ingest(files, finding).receive(BytesIO(data), name)

    assert str(refused.value) == sentence
    assert refused.value.property_name == "file"
    assert stored(files) == []


def test_fifty_megabytes_are_not_too_large(files):
    largest = BytesIO(PDF.ljust(MAX_BYTES))

    assert ingest(files).receive(largest, "x.pdf").filesize == MAX_BYTES


@pytest.mark.parametrize("finding", sorted(ACTIVE))
def test_active_content_is_reported_and_by_setting_refused(files, finding):
    active = PdfReport(1, ("encrypted", finding))

    reported = ingest(files, active).receive(BytesIO(PDF), "x.pdf")
    with pytest.raises(ActiveContent, match="does not accept"):
        ingest(files, active, refuse_active=True).receive(BytesIO(PDF), "x.pdf")

    assert reported.report.findings == ("encrypted", finding)
    assert stored(files) == [reported.file_id]


@pytest.mark.parametrize(
    ("findings", "contents"),
    [
        (("polyglot",), "a file of another kind"),
        (("attachments", "eicar"), "embedded files and the EICAR test virus"),
        (
            ("damaged", "launch", "scripts", "xfa"),
            "commands that start programs, scripts and an XFA form",
        ),
    ],
    ids=["one", "two", "three"],
)
def test_a_refusal_names_what_was_found_and_says_what_to_do(findings, contents):
    assert str(ActiveContent(findings)) == (
        f"This PDF contains {contents}, which this clinic does not accept. "
        "Print it to a new PDF and upload that one."
    )


def test_each_kind_of_attack_is_refused_where_the_clinic_says_so(files):
    """As the real reader finds it."""
    attacks = {
        finding: make for make, findings in ATTACKS.values() for finding in findings
    }
    with closing(PdfInspector()) as inspector:
        strict = DocumentIngest(files, inspector, None, refuse_active=True)

        for finding in ACTIVE:
            with pytest.raises(ActiveContent) as refused:
                strict.receive(BytesIO(attacks[finding](NOWHERE)), "x.pdf")
            assert finding in refused.value.findings
        letter = strict.receive(BytesIO(samples.letter()), "x.pdf")

    assert stored(files) == [letter.file_id]


def test_a_password_alone_is_not_active(files):
    locked = PdfReport(None, ("encrypted",))

    taken = ingest(files, locked, refuse_active=True).receive(BytesIO(PDF), "x.pdf")

    assert taken.report == locked


@pytest.mark.parametrize(
    ("verdict", "scan"),
    [
        (None, "off"),
        ("clean", "clean"),
        ("infected", "infected"),
        (Unavailable("The scanner is away."), "waiting"),
    ],
    ids=["no scanner", "clean", "infected", "scanner away"],
)
def test_the_scan_decides_whether_it_is_served(session, clerk, files, verdict, scan):
    taken = ingest(files, verdict=verdict).receive(BytesIO(PDF), "x.pdf")
    version = file(session, clerk, holding=taken).version

    assert taken.scan == scan
    assert version.is_served == (scan in {"off", "clean"})


def test_what_gets_no_row_is_discarded(files):
    into = ingest(files)
    taken = into.receive(BytesIO(PDF), "x.pdf")

    into.discard(taken)

    assert stored(files) == []


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (DocumentIdTaken(), False),
        (Unavailable("The primary went away while saving."), True),
        (ConnectionResetError(), True),
    ],
    ids=["refused", "nobody knows", "broken off"],
)
def test_a_file_goes_only_if_its_row_was_refused_for_certain(files, error, stays):
    into = ingest(files)
    taken = into.receive(BytesIO(PDF), "x.pdf")

    with pytest.raises(type(error)), into.row_of(taken):
        raise error

    assert stored(files) == [taken.file_id] * stays


def test_a_store_that_is_down_is_said_so(file_keys):
    nowhere = FileStore(
        "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50", keys=file_keys
    )

    with pytest.raises(FilesUnavailable, match="everything else works"):
        ingest(nowhere).receive(BytesIO(PDF), "x.pdf")

    nowhere.close()


def test_a_file_that_is_not_there_is_gone(session, clerk, files):
    filed = file(session, clerk)

    with (
        pytest.raises(FileGone),
        records.open_file(files, filed.version) as stream,
    ):
        stream.read()
