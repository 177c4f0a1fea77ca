"""A patient's visits and their notes at an earlier time, and bringing them back."""

from services.consultations.point_in_time.comparing import (
    VisitChange as VisitChange,
    VisitThen as VisitThen,
    WayBack as WayBack,
    compare_today as compare_today,
)
from services.consultations.point_in_time.copying import (
    NotesCopy as NotesCopy,
    TimeNotFree as TimeNotFree,
    VisitCopy as VisitCopy,
    VisitStays as VisitStays,
    book_again as book_again,
    bring_notes_back as bring_notes_back,
    set_status_back as set_status_back,
)
from services.consultations.point_in_time.looking import (
    VisitsThen as VisitsThen,
    read_then as read_then,
)
