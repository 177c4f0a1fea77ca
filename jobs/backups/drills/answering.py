"""Whether the application answers on a restored clinic, as pages would query it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.backups.backup_errors import SetBroken
from db.endpoints import Endpoints
from db.postgres import Database, DatabaseUnavailable, Refused, RestoredClinic
from services.core import audit
from services.core.actors import PROVER
from services.core.errors import ServiceError
from services.documents import records, search as documents
from services.documents.point_in_time import EarlierFiles
from services.documents.records.model import DocumentRecord, VersionRecord
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records import patients
from services.patients.records.model import PatientRecord

T = TypeVar("T")

_FEW: Final = 10
_log: Final = logging.getLogger(__name__)


def require_answers(
    serving: AbstractContextManager[int],
    endpoints: Callable[[], Endpoints],
    files: EarlierFiles,
) -> None:
    """Have services read what pages show, in the front desk's role; raise SetBroken.

    The sandbox is up to date and stopped: `serving` starts it in the way that opens an
    earlier time to people. Nobody is shown what is read, so none of it is recorded.
    """
    with serving as port, closing(RestoredClinic(endpoints)) as way:
        database = way.database(port)
        patient = _first_patient(database)
        if patient is not None:
            _require_patient(database, patient)
        document = _first_document(database)
        if document is not None:
            _require_file(files, _version_of(database, document))


def _first_patient(database: Database) -> PatientRecord | None:
    with _answering("The restored clinic does not list its patients as pages do."):
        page = _read(
            database,
            lambda session: search.list_patients(
                session, PROVER, Criteria(), size=_FEW, now=datetime.now(UTC)
            ),
        )
    named = (row for row in page.rows if isinstance(row, PatientRecord))
    return next(named, None)


def _require_patient(database: Database, patient: PatientRecord) -> None:
    with _answering("The restored clinic does not show a patient as pages do."):
        _read(
            database,
            lambda session: patients.get_patient(session, PROVER, patient.id),
        )


def _first_document(database: Database) -> DocumentRecord | None:
    with _answering("The restored clinic does not list its documents as pages do."):
        page = _read(
            database,
            lambda session: documents.list_documents(
                session, PROVER, Criteria(), size=_FEW, now=datetime.now(UTC)
            ),
        )
    return next((row for row in page.rows if row.version.is_served), None)


def _version_of(database: Database, document: DocumentRecord) -> VersionRecord:
    with _answering("The restored clinic does not show a document as pages do."):
        return _read(
            database,
            lambda session: records.open_version(
                session, PROVER, document.id, purpose="view"
            ),
        )


def _require_file(files: EarlierFiles, version: VersionRecord) -> None:
    with _answering("The restored clinic does not open a document as pages do."):
        files.read(version)


def _read(database: Database, operation: Callable[[Session], T]) -> T:
    def run(session: Session) -> T:
        with audit.collecting_events(session):
            return operation(session)

    return database.read(run, identity=PROVER.database_identity).value


@contextmanager
def _answering(failure: str) -> Iterator[None]:
    """Raise SetBroken with a sentence that names nobody, whatever the error."""
    try:
        yield
    except (DatabaseUnavailable, Refused, ServiceError, SQLAlchemyError) as error:
        # A database's error message may quote a row.
        _log.warning("%s (%s)", failure, type(error).__name__)
        raise SetBroken(failure) from error
