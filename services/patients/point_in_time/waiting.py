"""A delayed standby that waits while somebody looks at the past there."""

from datetime import datetime

from db.cluster.control_client import Control, ControlRefused, ControlUnreachable
from db.endpoints import Endpoints
from services.core.errors import Unavailable


def can_wait(endpoints: Endpoints) -> bool:
    """Tell whether the standbys obey us; somebody's own servers do not."""
    return Control.of(endpoints) is not None


def pause(endpoints: Endpoints, node: str, seconds: float) -> datetime | None:
    """Let the standby replay nothing for so long; return until when it waits.

    None where it does not obey us. Raises Unavailable.
    """
    control = Control.of(endpoints)
    if control is None:
        return None
    try:
        return control.pause_replay(node, seconds)
    except (ControlRefused, ControlUnreachable) as error:
        raise Unavailable(
            "The standby cannot be made to wait right now. Try again in a moment."
        ) from error


def resume(endpoints: Endpoints, node: str) -> None:
    """Let the standby replay again. Raises ControlRefused, ControlUnreachable."""
    control = Control.of(endpoints)
    if control is not None:
        control.resume_replay(node)
