"""How far a visit has come, in words and in the colour of what that means."""

from typing import Final

from dashboard.ui.record_table import Cell
from services.visits.front_desk.appointments import VisitStatus

_CELLS: Final = {
    VisitStatus.SCHEDULED: Cell("Booked", "info", "event"),
    VisitStatus.CHECKED_IN: Cell("Checked in", "warn", "how_to_reg"),
    VisitStatus.COMPLETED: Cell("Completed", "ok", "task_alt"),
    VisitStatus.CANCELLED: Cell("Cancelled", "muted", "event_busy"),
    VisitStatus.NO_SHOW: Cell("Did not come", "danger", "person_off"),
}


def status_cell(status: VisitStatus) -> Cell:
    """Return what a table says of it."""
    return _CELLS[status]
