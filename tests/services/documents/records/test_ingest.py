"""Files are judged by their content on their way into the store."""

import hashlib
import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from tempfile import SpooledTemporaryFile, TemporaryFile

import pytest
from PIL import Image

from db.files.gridfs import Bucket, FileStore
from services.core.errors import InvalidInput, Unavailable
from services.documents import records
from services.documents.records.errors import (
    MAX_BYTES,
    ActiveContent,
    DocumentIdTaken,
    FileGone,
    FilesUnavailable,
    NoOriginal,
)
from services.documents.records.ingest import DocumentIngest
from services.pdf.inspecting import PdfInspector
from services.pdf.report import ACTIVE, NotAPdf, PdfReport, Unreadable
from services.pdf.sources import pieces_of
from tests.services.documents.records.samples import file
from tests.services.pdf import samples
from tests.services.pdf.attacks import ATTACKS, NOWHERE

PDF = b"%PDF-1.7 " + os.urandom(700_000)
TOO_MUCH = bytes(MAX_BYTES + 1)
EMPTY = "This file is empty: save or scan it again and choose that file."
HARMLESS = PdfReport(1, text=("words",))
LATER = datetime.now(UTC) + timedelta(days=1)


class Sure:
    """An examiner or scanner with a fixed finding."""

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
        (b"", "x.pdf", HARMLESS, EMPTY),
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


def photo():
    file = BytesIO()
    Image.new("RGB", (300, 400), "navy").save(file, "JPEG")
    return file.getvalue()


def originals(files):
    return list(files.list_older_than(Bucket.DOCUMENT_ORIGINALS, LATER))


def test_a_picture_is_kept_beside_the_pdf_that_it_becomes(session, clerk, files):
    data = photo()
    with closing(PdfInspector()) as inspector:
        taken = DocumentIngest(files, inspector, None, refuse_active=True).receive(
            BytesIO(data), "Müller/scan 1.JPG"
        )
    filed = file(session, clerk, holding=taken)

    assert filed.version.filename == "scan 1.pdf"
    original = records.open_original(session, clerk, filed.id)
    assert (original.filename, original.media_type) == ("scan 1.JPG", "image/jpeg")
    assert original.sha256 == hashlib.sha256(data).hexdigest()
    with records.open_original_file(files, original) as stream:
        assert stream.read() == data
    # A second upload of the picture is recognised.
    again = records.find_filed(session, clerk, hashlib.sha256(data).digest(), None)
    assert again is not None
    assert again.id == filed.id


def test_a_version_of_a_picture_that_is_restored_has_its_original(
    session, clerk, files
):
    with closing(PdfInspector()) as inspector:
        way = DocumentIngest(files, inspector, None, refuse_active=True)
        filed = file(session, clerk, holding=way.receive(BytesIO(photo()), "a.jpg"))
    other = ingest(files).receive(BytesIO(PDF), "b.pdf")
    second = records.add_version(session, clerk, filed.id, other, revision=1)
    with pytest.raises(NoOriginal):
        records.open_original(session, clerk, filed.id)

    records.restore_version(session, clerk, filed.id, 1, revision=second.revision)

    assert records.open_original(session, clerk, filed.id, 3).filename == "a.jpg"


@pytest.mark.parametrize(
    ("begin", "is_office"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), True),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", True),
        (b"PK\x03\x04" + bytes(26) + b"word/numbering.xml", True),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text", True),
        (b"{\\rtf1 text}", True),
        (b"PK\x03\x04" + bytes(26) + b"holiday.mp4", False),
        (b"PK\x03\x04" + bytes(26) + b"my word/holiday.mp4", False),
    ],
    ids=["doc", "docx", "docx of Google", "odt", "rtf", "zip", "zip of a folder"],
)
def test_office_files_are_told_from_others_and_what_to_do(files, begin, is_office):
    with pytest.raises(NotAPdf) as refused:
        ingest(files).receive(BytesIO(begin), "x.docx")

    assert ("Save the file as PDF" in str(refused.value)) == is_office


class Printed:
    """Prints whatever it gets, as LibreOffice would."""

    def convert(self, source, media_type, **_options):
        assert any(pieces_of(source))
        assert media_type == "application/vnd.oasis.opendocument.text"
        return samples.letter("Printed")


LETTER = b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text"


def with_office(files, *, refuse_active=False):
    return DocumentIngest(
        files, Sure(HARMLESS), None, refuse_active=refuse_active, office=Printed()
    )


def test_an_office_file_is_kept_beside_the_pdf_that_it_becomes(session, clerk, files):
    taken = with_office(files).receive(BytesIO(LETTER), "Letters/reply.odt")

    filed = file(session, clerk, holding=taken)

    assert (filed.version.filename, filed.version.findings) == ("reply.pdf", ())
    original = records.open_original(session, clerk, filed.id)
    assert original.filename == "reply.odt"
    with records.open_original_file(files, original) as stream:
        assert stream.read() == LETTER


def test_macros_of_an_office_file_are_told_or_refused(files):
    with_macros = LETTER + b"Basic/script-lc.xml"

    taken = with_office(files).receive(BytesIO(with_macros), "reply.odt")
    strict = with_office(files, refuse_active=True)
    with pytest.raises(ActiveContent, match="This file contains scripts"):
        strict.receive(BytesIO(with_macros), "reply.odt")

    assert taken.report.findings == ("scripts",)
    assert len(originals(files)) == 1


@pytest.mark.parametrize("verdict", ["clean", "infected"])
def test_a_picture_is_scanned_as_well_as_its_pdf(files, verdict):
    class Suspicious(Sure):
        """Finds something only in the picture."""

        def scan(self, source):
            return verdict if source.read(2) == b"\xff\xd8" else "clean"

    with closing(PdfInspector()) as inspector:
        way = DocumentIngest(files, inspector, Suspicious(""), refuse_active=False)
        assert way.receive(BytesIO(photo()), "a.jpg").scan == verdict


def test_nothing_stays_of_a_picture_whose_pdf_is_refused(files):
    class Strict:
        """Makes a PDF of a picture, which it then refuses."""

        def convert(self, *_source, **_options):
            return PDF

        def examine(self, *_source, **_options):
            raise Unreadable("No page.")

    way = DocumentIngest(files, Strict(), None, refuse_active=False)
    with pytest.raises(Unreadable):
        way.receive(BytesIO(photo()), "a.jpg")

    assert stored(files) == originals(files) == []


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
        f"This file contains {contents}, which this clinic does not accept. "
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

    with pytest.raises(type(error)), into.discarding_on_refusal(taken):
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
