"""Has the launcher of the servers run a drill, and follows it."""

from uuid import UUID

from db.cluster.control_client import (
    Control,
    ControlRefused,
    ControlUnreachable,
    DrillProgress,
)
from db.endpoints import Endpoints
from services.cluster.drill_kinds import DrillKind
from services.core.errors import Conflict, Unavailable


class CannotPractise(Conflict):
    """The launcher of the servers refuses to run a drill; the message says why."""


def require_control(endpoints: Endpoints) -> Control:
    """Return the launcher's control; raises CannotPractise if there is none."""
    control = Control.of(endpoints)
    if control is None:
        raise CannotPractise("Drills are for Chartroom's own servers only.")
    return control


def launch(control: Control, kind: DrillKind, drill_id: UUID) -> None:
    """Have the launcher run a drill; raises CannotPractise and Unavailable."""
    try:
        control.start_drill(kind, drill_id)
    except ControlRefused as refusal:
        raise CannotPractise(str(refusal)) from refusal
    except ControlUnreachable as error:
        raise _silent() from error


def output_of(control: Control, drill_id: UUID) -> DrillProgress | None:
    """Return what a drill has printed; None if this launcher is not running it.

    Raises Unavailable.
    """
    try:
        return control.drill(drill_id)
    except (ControlRefused, ControlUnreachable) as error:
        raise _silent() from error


def _silent() -> Unavailable:
    return Unavailable(
        "The launcher of the servers does not answer, so nobody can say how the drill "
        "goes. Records are not touched by that."
    )
