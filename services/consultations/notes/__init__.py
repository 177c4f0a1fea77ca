"""Medical records: what clinicians write about visits, in versions."""

from services.consultations.notes.drafts import (
    NotesDraft as NotesDraft,
    SavedNotesDraft as SavedNotesDraft,
    discard_draft as discard_draft,
    list_drafts as list_drafts,
    save_draft as save_draft,
)
from services.consultations.notes.reading import (
    find as find,
    list_of_patient as list_of_patient,
    list_versions as list_versions,
)
from services.consultations.notes.records import (
    Diagnosis as Diagnosis,
    EarlierNotes as EarlierNotes,
    Notes as Notes,
    NotesRecord as NotesRecord,
    NotesVersion as NotesVersion,
    Vitals as Vitals,
)
from services.consultations.notes.saving import (
    save as save,
    save_earlier as save_earlier,
)
from services.consultations.notes.similar import list_similar as list_similar
from services.consultations.notes.unwritten import (
    UnwrittenVisit as UnwrittenVisit,
    list_unwritten as list_unwritten,
)
from services.consultations.notes.vitals import (
    ADULT_FROM_YEARS as ADULT_FROM_YEARS,
    VITALS as VITALS,
    Vital as Vital,
    written as written,
)
