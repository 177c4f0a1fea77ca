"""The latest documents are those that others filed; counts are by the clinic's days."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert

from db.models.document import Document, DocumentVersion
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.documents.search.latest import count_arrivals, list_latest

NOW = datetime(2031, 3, 12, 12, 0, tzinfo=UTC)
WEEK = NOW - timedelta(days=7)


@pytest.fixture
def filed(session):
    """Adds a document as if somebody had filed it at this time."""

    def filed(title, at=NOW, *, patient_id=None, by=None, **values):
        document_id = uuid4()
        session.execute(
            insert(Document).values(
                id=document_id,
                title=title,
                patient_id=patient_id,
                created_by=by or uuid4(),
                created_by_name="Somebody",
                created_at=at,
                **values,
            )
        )
        session.execute(
            insert(DocumentVersion).values(
                document_id=document_id,
                number=1,
                file_id="1",
                filename="a.pdf",
                filesize=1,
                sha256=bytes(32),
                findings=[],
                origin="upload",
                author_id=uuid4(),
                author_name="Somebody",
            )
        )

    return filed


def test_the_newest_come_first_and_old_ones_not_at_all(session, clerk, filed, patient):
    filed("Old", WEEK - timedelta(seconds=1), patient_id=patient.id)
    filed("Newer", NOW - timedelta(hours=1), patient_id=patient.id)
    filed("Newest", NOW)

    latest = list_latest(session, clerk, WEEK)

    assert [document.title for document in latest] == ["Newest", "Newer"]
    assert [bool(document.patient_name) for document in latest] == [False, True]


def test_what_one_has_filed_oneself_is_no_news(session, clerk, filed):
    filed("My own", by=clerk.id)

    assert list_latest(session, clerk, WEEK) == ()


def test_what_was_deleted_is_gone(session, clerk, filed):
    filed("Gone", deleted_at=NOW, deleted_by=uuid4())

    assert list_latest(session, clerk, WEEK) == ()
    arrivals = count_arrivals(session, clerk, WEEK.date(), NOW)
    assert sum(number for _, number in arrivals) == 0


def test_patients_are_shown_their_own(session, herself, filed, patient):
    filed("Mine", patient_id=patient.id)
    filed("Nobody's")

    assert herself.role is Role.PATIENT
    assert [d.title for d in list_latest(session, herself, WEEK)] == ["Mine"]


def test_arrivals_are_counted_by_day_filed_or_not(session, clerk, filed, patient):
    filed("Filed", patient_id=patient.id)
    filed("Unfiled")
    filed("Unfiled long ago", WEEK - timedelta(days=300))

    arrivals = count_arrivals(session, clerk, WEEK.date(), NOW)

    assert len(arrivals) == 8
    assert arrivals[-1] == (NOW.date(), 2)
    assert sum(number for _, number in arrivals) == 2


def test_an_analyst_is_told_of_no_documents(session, analyst):
    with pytest.raises(NotAllowed):
        list_latest(session, analyst, WEEK)
    with pytest.raises(NotAllowed):
        count_arrivals(session, analyst, WEEK.date(), NOW)
