"""Medical records: what clinicians write about visits, in versions."""

from services.drafting import DraftsNotReached
from services.errors import Problem
from services.medical_records.drafts import (
    NotesDraft,
    SavedNotesDraft,
    discard_draft,
    list_drafts,
    save_draft,
)
from services.medical_records.errors import (
    NotTreated,
    StaleNotes,
    VisitDidNotTakePlace,
)
from services.medical_records.reading import find, list_measured, list_versions
from services.medical_records.records import (
    Diagnosis,
    EarlierNotes,
    Notes,
    NotesRecord,
    NotesVersion,
    VisitMeasurements,
    Vitals,
)
from services.medical_records.saving import save
from services.medical_records.similar import list_similar
from services.medical_records.typed import (
    LABELS,
    TEXTS,
    InvalidNotes,
    Typed,
    is_empty,
    problems_of,
    typed_of,
)
from services.medical_records.vitals import VITALS, Vital, written

__all__ = [
    "LABELS",
    "TEXTS",
    "VITALS",
    "Diagnosis",
    "DraftsNotReached",
    "EarlierNotes",
    "InvalidNotes",
    "NotTreated",
    "Notes",
    "NotesDraft",
    "NotesRecord",
    "NotesVersion",
    "Problem",
    "SavedNotesDraft",
    "StaleNotes",
    "Typed",
    "VisitDidNotTakePlace",
    "VisitMeasurements",
    "Vital",
    "Vitals",
    "discard_draft",
    "find",
    "is_empty",
    "list_drafts",
    "list_measured",
    "list_similar",
    "list_versions",
    "problems_of",
    "save",
    "save_draft",
    "typed_of",
    "written",
]
