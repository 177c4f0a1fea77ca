"""Medical records: what clinicians write about visits, in versions."""

from services.consultations.notes.drafts import (
    NotesDraft,
    SavedNotesDraft,
    discard_draft,
    list_drafts,
    save_draft,
)
from services.consultations.notes.errors import (
    NotTreated,
    StaleNotes,
    VisitDidNotTakePlace,
)
from services.consultations.notes.reading import find, list_measured, list_versions
from services.consultations.notes.records import (
    Diagnosis,
    EarlierNotes,
    Notes,
    NotesRecord,
    NotesVersion,
    VisitMeasurements,
    Vitals,
)
from services.consultations.notes.saving import save
from services.consultations.notes.similar import list_similar
from services.consultations.notes.typed import (
    LABELS,
    TEXTS,
    InvalidNotes,
    Typed,
    is_empty,
    problems_of,
    typed_of,
)
from services.consultations.notes.vitals import VITALS, Vital, written
from services.core.drafting import DraftsNotReached
from services.core.errors import Problem

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
