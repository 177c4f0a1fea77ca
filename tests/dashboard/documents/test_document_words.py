"""A file's size, and what was found in it, in words."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dashboard.documents.records import document_words as words
from services.documents.records.model import VersionRecord
from services.documents.search import fields
from services.pdf.report import FINDINGS


def version(finding):
    return VersionRecord(
        id=uuid4(),
        document_id=uuid4(),
        number=1,
        file_id="file",
        filename="x.pdf",
        filesize=1,
        sha256="",
        pages=1,
        findings=(finding,),
        origin="upload",
        template=None,
        form=None,
        scan="off",
        reading="embedded",
        author_id=uuid4(),
        author_name="Ada",
        created_at=datetime.now(UTC),
        damaged_at=None,
        stated_by_patient=False,
    )


@pytest.mark.parametrize("finding", sorted(FINDINGS))
def test_a_finding_is_never_shown_by_its_name_for_programs(finding):
    (state,) = words.version_states(version(finding))

    assert state.text not in FINDINGS
    assert state.tone == "warn"


def test_pages_and_lists_have_words_for_every_finding():
    assert set(words.FINDINGS) == set(fields.FINDINGS) == FINDINGS


@pytest.mark.parametrize(
    ("filesize", "said"),
    [
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (6_300_000, "6.3 MB"),
        (2 * 10**9, "2.0 GB"),
    ],
)
def test_a_size_is_decimal_as_the_field_for_files_shows_it(filesize: int, said: str):
    assert words.size(filesize) == said
