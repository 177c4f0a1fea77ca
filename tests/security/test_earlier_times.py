"""Without permission to copy records back, nothing of an earlier time is shown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from services.backups import looks
from services.consultations import point_in_time as visits
from services.consultations.notes import Notes
from services.consultations.point_in_time import NotesCopy, VisitCopy
from services.core.actors import Actor, Permission, Scope
from services.core.errors import NotAllowed
from services.documents import point_in_time as documents
from services.documents.point_in_time import DocumentCopy
from services.patients import point_in_time as patients
from services.patients.point_in_time import RecordCopy
from services.visits.front_desk import appointments
from tests.kit.cast import ADA
from tests.services.consultations.notes import samples
from tests.services.documents.records.samples import file

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ID, REASON = uuid4(), "Looked at the wrong Ada"

Call = Callable[[Session, Actor], object]
CALLS: dict[str, Call] = {
    "find": lambda s, a: patients.find_patients(s, a, "Lovelace", now=NOW),
    "look": lambda s, a: patients.read_record(s, a, ID),
    "pause": lambda s, a: patients.record_pause(s, a, "node-04", 60),
    "shown": lambda s, a: patients.shown_today(s, a, []),
    "copy": lambda s, a: patients.copy_back(
        s, a, RecordCopy(ID, ADA, None, NOW, REASON), today=NOW.date()
    ),
    "documents": lambda s, a: documents.list_documents(s, a, ID),
    "document": lambda s, a: documents.open_version(s, a, ID),
    "compared documents": lambda s, a: documents.compare_today(s, a, []),
    "visits": lambda s, a: visits.read_visits(s, a, ID),
    "compared visits": lambda s, a: visits.compare_today(s, a, []),
    "notes": lambda s, a: visits.bring_notes_back(
        s, a, NotesCopy(ID, Notes("Headache"), 0, NOW, REASON)
    ),
    "open look": looks.find_open_look,
    "use": lambda s, a: looks.note_use(s, a, ID),
}


@pytest.fixture
def other(clinician) -> Actor:
    """A clinician's program that may do everything else."""
    scopes = frozenset(Scope) - {Scope.WRITE_PATIENTS}
    program = replace(clinician, scopes=scopes)
    assert not program.may(Permission.COPY_BACK)
    return program


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_of_then_is_shown_or_brought_back(session, other, call):
    with pytest.raises(NotAllowed, match="copy records back"):
        call(session, other)


def test_no_document_and_no_visit_comes_back(session, clerk, other, patient):
    document = file(session, clerk, of=patient)
    visit = appointments.get(session, clerk, samples.visit(session, patient.id).id)
    copy = VisitCopy(visit, visit.revision, NOW, REASON, uuid4())

    for call in (
        lambda: documents.bring_back(
            session, other, DocumentCopy(document, 1, NOW, REASON)
        ),
        lambda: visits.book_again(session, other, copy, now=NOW),
        lambda: visits.set_status_back(session, other, copy, now=NOW),
    ):
        with pytest.raises(NotAllowed, match="copy records back"):
            call()
