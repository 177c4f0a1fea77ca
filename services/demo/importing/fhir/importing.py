"""The import of patients from FHIR bundles, with what has happened to them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.postgres.copying import copy_lines, line
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.demo.importing import applying, entries, staging
from services.demo.importing.applying import Outcome
from services.demo.importing.csv_lines import Rejected
from services.demo.importing.fhir.bundles import BundleEntry, Bundles
from services.demo.importing.fhir.resources import TERMS, patient
from services.demo.importing.records import Arrival
from services.demo.importing.rejects import RejectedResource, RejectsFile
from services.demo.importing.staging import WaitingLine, WaitingTable
from services.patients.records import rules, unique_emails
from services.patients.records.model import ImportSource

# Returns a Patient as an Arrival, or raises Rejected.
ReadPatient = Callable[[BundleEntry], Arrival]

_SOURCE: Final = ImportSource.FHIR.value
_PATIENT: Final = "Patient"
_MOST_WAITING: Final = 5_000
_TABLE: Final = """
CREATE TEMP TABLE arriving_resources (line int, file text, type text, id text)
ON COMMIT DROP
"""
# An id belongs to one server, and two servers may give it to two people. A correction
# changes a name or a date of birth; whoever differs in both is taken for somebody else.
_FIND_OTHERS: Final = """
UPDATE arriving_patients AS arriving
SET problem = 'somebody else has this id: family and birthDate both differ'
FROM (
    SELECT source_id, date_of_birth, last_name FROM arriving_patients
    WHERE problem IS NULL
    UNION ALL SELECT source_id, date_of_birth, last_name FROM patients
    WHERE source = :source AND deleted_at IS NULL
) AS known
WHERE arriving.problem IS NULL AND known.source_id = arriving.source_id
    AND known.date_of_birth <> arriving.date_of_birth
    AND lower(known.last_name) <> lower(arriving.last_name)
"""
_JUDGE: Final = """
CREATE TEMP TABLE judged_resources ON COMMIT DROP AS
SELECT line, min(problem) AS problem FROM (
    SELECT line, problem FROM arriving_patients
    UNION ALL SELECT line, problem FROM arriving_terms
) AS mentions GROUP BY line
"""
_REJECTS: Final = """
SELECT file, type, id, problem
FROM arriving_resources JOIN judged_resources USING (line)
WHERE problem IS NOT NULL ORDER BY line
"""
# If the clinic allows an address for one patient only: first reject those whose address
# a patient here has, so that their lines cannot cost that patient's own lines the
# address.
_FIND_TAKEN: Final = """
UPDATE arriving_patients AS arriving
SET problem = 'telecom: the e-mail address is of another patient, and here each is of '
    'one'
WHERE problem IS NULL AND EXISTS ({others})
"""
_OF_SOMEBODY_HERE: Final = """
SELECT FROM patients AS known
WHERE known.email_key = lower(arriving.email) AND known.deleted_at IS NULL
    AND (known.source, known.source_id) IS DISTINCT FROM (:source, arriving.source_id)
"""
_OF_SOMEBODY_BEFORE: Final = """
SELECT FROM arriving_patients AS earlier
WHERE lower(earlier.email) = lower(arriving.email)
    AND earlier.source_id <> arriving.source_id
    AND earlier.line < arriving.line AND earlier.problem IS NULL
"""
# A resource that waits in neither table was left out.
_COUNT: Final = """
SELECT type, count(*), count(problem), count(*) - count(judged.line)
FROM arriving_resources AS resource
LEFT JOIN judged_resources AS judged ON judged.line = resource.line
GROUP BY type ORDER BY type
"""


@dataclass(frozen=True, slots=True)
class TypeSummary:
    """What became of all resources of a type; `outcome` if each is a record."""

    type: str
    resources: int
    left_out: int
    rejected: int
    outcome: Outcome | None


def import_fhir(
    session: Session,
    actor: Actor,
    bundles: Bundles,
    rejects: RejectsFile,
    *,
    today: date,
    with_contacts: bool = False,
    report: Callable[[int], None] = lambda _size: None,
) -> tuple[TypeSummary, ...]:
    """Import the patients of bundles; the caller commits.

    A Patient's bundles are taken as all that FHIR has about them: what an earlier
    import had and this one lacks is removed. Bad resources, and Patients with the id of
    somebody else, go to `rejects` and do not stop the import. Records that people have
    edited, archived or merged since stay as they are. E-mail addresses and phone
    numbers are imported only `with_contacts`, since letters are sent to them. `report`
    is called with the bytes read since the last call. Raises NotAllowed, and
    CannotImport for a file that is no bundle.
    """
    actor.require(Permission.IMPORT_RECORDS)
    rejects.restart()
    staging.create(session)
    session.execute(text(_TABLE))
    stage = _Stage(session, today, with_contacts=with_contacts)
    kinds = stage.take(bundles, report)
    session.execute(text(_FIND_OTHERS), {"source": _SOURCE})
    if with_contacts and unique_emails.are_unique(session):
        for others in (_OF_SOMEBODY_HERE, _OF_SOMEBODY_BEFORE):
            taken = text(_FIND_TAKEN.format(others=others))
            session.execute(taken, {"source": _SOURCE})
    staging.judge(
        session,
        repeated="a Patient with this id came before",
        stray="it is about no Patient that could be taken",
    )
    session.execute(text(_JUDGE))
    rejects.extend(_rejected(session))
    outcome = applying.save_patients(
        session,
        source=_SOURCE,
        most_terms=rules.MOST_ITEMS,
        has_contacts=with_contacts,
    )
    entries.save_entries(session, kinds, source=_SOURCE)
    summaries = tuple(
        TypeSummary(
            type_,
            resources,
            left_out,
            rejected,
            outcome if type_ == _PATIENT else None,
        )
        for type_, resources, rejected, left_out in session.execute(text(_COUNT))
    )
    types = {summary.type: asdict(summary) for summary in summaries}
    details = {"source": _SOURCE, "files": types}
    audit.record(session, actor, Action.PATIENT_IMPORT, details=details)
    return summaries


class _Stage:
    """Resources on their way into the waiting tables, sent some thousands at a time."""

    def __init__(self, session: Session, today: date, *, with_contacts: bool) -> None:
        self._session = session
        self._read_patient = partial(patient, today=today, with_contacts=with_contacts)
        self._resources: list[str] = []
        self._waiting: dict[WaitingTable, list[WaitingLine]] = {
            "arriving_patients": [],
            "arriving_terms": [],
        }

    def take(self, bundles: Bundles, report: Callable[[int], None]) -> frozenset[str]:
        """Put all resources into waiting tables; return the kinds of terms covered."""
        seen = Counter[str]()
        for entry in bundles.resources(report):
            seen[entry.type] += 1
            self._resources.append(
                line(str(entry.number), entry.file, entry.type, entry.id)
            )
            table, rows = _rows_of(entry, self._read_patient)
            self._waiting[table] += rows
            if len(self._resources) + len(self._waiting[table]) >= _MOST_WAITING:
                self._send()
        self._send()
        # All kinds, even one that no patient has any more: that corrects a mistake
        # there.
        return frozenset(kind for kind, _ in TERMS.values()) if seen else frozenset()

    def _send(self) -> None:
        columns = ["line", "file", "type", "id"]
        copy_lines(self._session, "arriving_resources", columns, self._resources)
        self._resources = []
        for table, waiting in self._waiting.items():
            staging.let_wait(self._session, table, waiting)
            self._waiting[table] = []


def _rows_of(
    entry: BundleEntry, read_patient: ReadPatient
) -> tuple[WaitingTable, Sequence[WaitingLine]]:
    """Return a resource's waiting table and lines; no lines if it is left out."""
    table: WaitingTable = (
        "arriving_patients" if entry.type == _PATIENT else "arriving_terms"
    )
    try:
        rows = list(_values_of(entry, read_patient))
    except Rejected as reason:
        return table, [WaitingLine(entry.file, entry.number, str(reason), None)]
    return table, [
        WaitingLine(entry.file, entry.number, None, values) for values in rows
    ]


def _values_of(
    entry: BundleEntry, read_patient: ReadPatient
) -> Iterator[tuple[str | None, ...]]:
    if not entry.resource:
        raise Rejected("the entry has no resource")
    if entry.type == _PATIENT:
        yield staging.patient_row(read_patient(entry))
    elif entry.type in TERMS:
        kind, read = TERMS[entry.type]
        for term in read(entry):
            yield staging.term_row(kind, term)


def _rejected(session: Session) -> Iterator[RejectedResource]:
    rows = session.execute(text(_REJECTS), execution_options={"yield_per": 1_000})
    for file, type_, id_, problem in rows:
        yield RejectedResource(file, type_, id_, problem)
