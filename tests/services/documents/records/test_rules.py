"""The permitted titles, names and metadata."""

import math

import pytest

from services.documents.records import kinds, rules
from services.documents.records.errors import InvalidDocument
from services.documents.records.ingest import tidy_original_name
from services.documents.records.kinds import (
    CLASS_LABELS,
    TYPE_LABELS,
    Classification,
    DocumentType,
)
from tests.services.documents.records.samples import file


@pytest.mark.parametrize(
    ("name", "tidied"),
    [
        ("scan.pdf", "scan.pdf"),
        ("Scan.PDF", "Scan.PDF"),
        ("report", "report.pdf"),
        ("report.pdf.exe", "report.pdf.exe.pdf"),
        ("/etc/../x.pdf", "x.pdf"),
        ("C:\\x\\y.pdf", "y.pdf"),
        ("Ωμέγα Ιατρική.pdf", "Ωμέγα Ιατρική.pdf"),
        ("病歴.pdf", "病歴.pdf"),
        ("a\r\nContent-Type: x\0.pdf", "a Content-Type: x .pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe.pdf"),
        ("half \ud83d.pdf", "half .pdf"),
        (".pdf", "document.pdf"),
        ("..PDF", "document.PDF"),
        ("..", "document.pdf"),
        ("", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_files_name_is_tidied_up(name, tidied):
    assert rules.tidy_filename(name) == tidied


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("  Blood \n count ", "Blood count"),
        ("", "Scan"),
        ("\0", "Scan"),
        (" \u200b\u2060 ", "Scan"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_title_is_one_line_or_the_files_name(title, kept):
    assert rules.title_or_filename(title, "Scan.pdf") == kept


def test_a_title_that_is_too_long_is_refused():
    with pytest.raises(InvalidDocument, match="200 characters") as refused:
        rules.title_or_filename("x" * 201, "Scan.pdf")

    assert refused.value.property_name == "title"


def test_a_description_that_is_too_long_is_refused():
    with pytest.raises(InvalidDocument, match="2000 characters"):
        rules.description_of("x" * 2001)


def test_the_longest_of_everything_fits_into_the_database(session, clerk):
    longest = {"a": "é" * 7_900}

    filed = file(
        session, clerk, title="x" * 200, description="y" * 2000, metadata=longest
    )

    assert filed.metadata == longest


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": object()},
        {"a": math.nan},
        {"a": "\0"},
        {"\0": 1},
        {"a": "\ud83d"},
        {"a": "x" * 16_001},
        # Few bytes as typed, and many as the database counts them.
        {"a": [1e300] * 60},
    ],
    ids=["no JSON", "no number", "NUL", "NUL key", "half", "too long", "long numbers"],
)
def test_metadata_that_cannot_be_kept_are_refused(session, clerk, metadata):
    with pytest.raises(InvalidDocument) as refused:
        file(session, clerk, metadata=metadata)

    assert refused.value.property_name == "metadata"


@pytest.mark.parametrize("levels", [101, 970, 100_000])
def test_metadata_nested_too_deeply_are_refused(levels):
    with pytest.raises(InvalidDocument, match="100 levels at most"):
        rules.metadata_of(nested(levels))


def test_metadata_may_be_nested(session, clerk):
    metadata = nested(100)

    assert file(session, clerk, metadata=metadata).metadata == metadata


def nested(levels):
    deep: dict[str, object] = {"a": 1}
    for _ in range(levels - 1):
        deep = {"a": deep}
    return deep


def test_every_type_has_a_label_and_a_classification():
    for document_type in DocumentType:
        assert TYPE_LABELS[document_type]
        assert kinds.default_classification(document_type)
    assert set(CLASS_LABELS) == set(Classification)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a/Wunde 1.JPG", "Wunde 1.JPG"),
        ("C:\\scans\\x.jpeg", "x.jpeg"),
        ("invoice.exe", "invoice.exe.jpg"),
        ("\u202egpj.exe", "gpj.exe.jpg"),
        (" .. ", "picture.jpg"),
    ],
)
def test_a_picture_is_named_as_the_kind_that_it_is(name, kept):
    assert tidy_original_name(name, "image/jpeg") == kept
