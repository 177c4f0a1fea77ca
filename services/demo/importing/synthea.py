"""The import of patients and doctors from the CSV files that Synthea writes."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.demo.importing import applying, entries, records, staging
from services.demo.importing.applying import Outcome
from services.demo.importing.csv_lines import CannotImport, CsvFile
from services.demo.importing.rejects import RejectsFile
from services.patients.records import rules
from services.patients.records.model import ImportSource

_SOURCE: Final = ImportSource.SYNTHEA.value
_TERM_FILES: Final = {
    "allergies.csv": ("allergies", records.TERM_COLUMNS),
    "conditions.csv": ("medical_history", records.TERM_COLUMNS),
    "medications.csv": ("current_medications", records.TERM_COLUMNS),
}
_MAY_MISS: Final = {"allergies.csv": (records.SYSTEM_COLUMN,)}
# Imported if the folder has them.
_MORE_FILES: Final = {
    "procedures.csv": ("procedures", records.TERM_COLUMNS),
    "encounters.csv": ("encounters", records.TERM_COLUMNS),
    "observations.csv": ("observations", records.OBSERVATION_COLUMNS),
}
_COUNT_LINES: Final = """
SELECT file, count(*), count(problem) FROM (
    SELECT file, line, max(problem) AS problem FROM (
        SELECT file, line, problem FROM arriving_patients
        UNION ALL SELECT file, line, problem FROM arriving_doctors
        UNION ALL SELECT file, line, problem FROM arriving_terms
    ) AS mentions GROUP BY file, line
) AS lines GROUP BY file
"""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What became of one file's lines; `outcome` if each line is a record."""

    file: str
    lines: int
    left_out: int
    rejected: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with all the files that an import needs, and their columns."""

    patients: CsvFile
    doctors: CsvFile
    terms: dict[str, CsvFile]

    @classmethod
    def find(cls, path: Path) -> "Folder":
        """Find the files and their columns. Raises CannotImport."""
        if not path.is_dir():
            raise CannotImport(
                "folder",
                f"{path} is no folder: name the one with Synthea's CSV files.",
            )
        return cls(
            CsvFile.find(path / "patients.csv", records.PATIENT_COLUMNS),
            CsvFile.find(path / "providers.csv", records.DOCTOR_COLUMNS),
            {
                kind: CsvFile.find(path / name, columns, _MAY_MISS.get(name, ()))
                for name, (kind, columns) in (_TERM_FILES | _MORE_FILES).items()
                if name in _TERM_FILES or (path / name).exists()
            },
        )

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        files = (self.patients, self.doctors, *self.terms.values())
        return sum(file.size_bytes for file in files)


def import_synthea(
    session: Session,
    actor: Actor,
    folder: Folder,
    rejects: RejectsFile,
    *,
    today: date,
    report: Callable[[int], None] = lambda _size: None,
) -> tuple[FileSummary, ...]:
    """Import a folder's patients and doctors; the caller commits.

    Bad lines go to `rejects` and do not stop the import. Records that people have
    edited, archived or merged since stay as they are. `report` is called with the bytes
    read since the last call. Raises NotAllowed.
    """
    actor.require(Permission.IMPORT_RECORDS)
    rejects.restart()
    staging.create(session)
    staging.stage_patients(session, folder.patients, today, report)
    staging.stage_doctors(session, folder.doctors, report)
    left_out = {
        file.path.name: staging.stage_terms(session, file, kind, report)
        for kind, file in folder.terms.items()
    }
    staging.judge(session)
    rejects.extend(staging.list_rejects(session))
    outcomes = {
        folder.patients.path.name: applying.save_patients(
            session, source=_SOURCE, most_terms=rules.MOST_ITEMS
        ),
        folder.doctors.path.name: applying.save_doctors(session, source=_SOURCE),
    }
    entries.save_entries(session, folder.terms, source=_SOURCE)
    summaries = _summaries(session, folder, outcomes, left_out)
    files = {summary.file: asdict(summary) for summary in summaries}
    details = {"source": _SOURCE, "files": files}
    audit.record(session, actor, Action.PATIENT_IMPORT, details=details)
    return summaries


def _summaries(
    session: Session,
    folder: Folder,
    outcomes: dict[str, Outcome],
    left_out: dict[str, int],
) -> tuple[FileSummary, ...]:
    counts = {
        file: (lines, rejected)
        for file, lines, rejected in session.execute(text(_COUNT_LINES))
    }
    files = (folder.patients, *folder.terms.values(), folder.doctors)
    return tuple(
        FileSummary(
            file=name,
            lines=counts.get(name, (0, 0))[0] + left_out.get(name, 0),
            left_out=left_out.get(name, 0),
            rejected=counts.get(name, (0, 0))[1],
            outcome=outcomes.get(name),
        )
        for name in (file.path.name for file in files)
    )
