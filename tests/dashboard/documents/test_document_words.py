"""Findings in a file are named in words wherever they are shown."""

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
