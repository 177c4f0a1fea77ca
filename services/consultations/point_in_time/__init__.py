"""A patient's visits and their notes at an earlier time, and bringing them back."""

from services.consultations.point_in_time.comparing import (
    RestoreAction as RestoreAction,
    VisitChange as VisitChange,
    VisitComparison as VisitComparison,
    compare_today as compare_today,
)
from services.consultations.point_in_time.copying import (
    NotesCopy as NotesCopy,
    NothingToRestore as NothingToRestore,
    TimeNotFree as TimeNotFree,
    VisitCopy as VisitCopy,
    book_again as book_again,
    bring_notes_back as bring_notes_back,
    set_status_back as set_status_back,
)
from services.consultations.point_in_time.reading import (
    VisitsSnapshot as VisitsSnapshot,
    read_visits as read_visits,
)
