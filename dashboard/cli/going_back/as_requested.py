"""Takes the clinic back as requested on the page, in a child of the launcher."""

import contextlib
import dataclasses
import logging
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.core.actors import Actor, Role

if TYPE_CHECKING:
    from dashboard.cli.launching.children import Child
    from db.backups.requested_restore import RequestedRestore
    from db.settings import Settings

_UNEXPECTED: Final = (
    "It ended in an unexpected error: logs/going-back.log in the data folder "
    "has it. See that the clinic is as it was before you try again."
)
_ENDED_BEFORE: Final = (
    "The launcher ended before the clinic had gone back, so it is as it was before. "
    "Compare once more, and go back again."
)
_STOPPED_BEFORE: Final = (
    "Its process was stopped before the clinic had gone back, so the clinic is as it "
    "was before. Compare once more, and go back again."
)
_log = logging.getLogger(__name__)


def take_back_as_requested(settings: "Settings") -> None:
    """Go back to the time recorded in the data folder, and record the outcome."""
    from db.backups.requested_restore import note_requested, read_requested
    from db.embedded import DataFolder
    from db.embedded.replacement import Replacement

    requested = read_requested(settings.data)
    if requested is None or not requested.is_open:
        return
    failure = _go_back(settings, requested)
    replacement = Replacement(DataFolder(settings.data))
    if failure is not None and (replacement.is_ready or replacement.is_placed):
        # The launcher has ended; its next start continues, and records the outcome.
        return
    ended = dataclasses.replace(requested, ended_at=datetime.now(UTC), failure=failure)
    note_requested(settings.data, ended)


def _go_back(settings: "Settings", requested: "RequestedRestore") -> str | None:
    """Go back; return the reason if the clinic did not."""
    from dashboard import wiring
    from dashboard.cli.going_back.closing import closed
    from dashboard.cli.going_back.taking_back import live_clinic
    from db.backups.backup_errors import CannotBackUp, CannotRestore
    from db.backups.requested_restore import note_requested
    from db.embedded import CannotStart
    from db.files.file_keys import UnusableFileKeys
    from db.files.seal_keys import UnusableKey
    from jobs.backups.going_back.replaying import GoingBackOrder
    from jobs.backups.going_back.restoring import go_back

    def tell(stage: str, _seconds: float) -> None:
        reached = dataclasses.replace(requested, stage=stage)
        with contextlib.suppress(OSError):
            note_requested(settings.data, reached)

    # The person was authorized, by a passkey; both were checked when they asked.
    actor = Actor(requested.requested_by, requested.requested_by_name, Role.ADMIN)
    order = GoingBackOrder(requested.to, requested.reason, actor)
    try:
        with contextlib.closing(wiring.connect(settings)) as wired:
            go_back(
                live_clinic(wired, settings),
                order,
                # It was confirmed before, by somebody who saw what it would undo.
                confirm=lambda _restore: None,
                closed=partial(closed, settings),
                report=tell,
            )
    except (CannotBackUp, CannotRestore, CannotStart, wiring.NotRunning) as error:
        return str(error)
    except (UnusableFileKeys, UnusableKey) as error:
        return str(error)
    except Exception:
        _log.exception("Going back failed with an unexpected error.")
        return _UNEXPECTED
    return None


def settle_ended(data: Path, child: "Child") -> None:
    """End the request of a process that was killed; its launcher calls this often."""
    from dashboard.cli.launching import children

    if child.process is not None and not child.is_running:
        # Where the disk is full, the next call may find room.
        with contextlib.suppress(OSError):
            settle_abandoned(data, _STOPPED_BEFORE)
            children.stop([child])


def settle_abandoned(data: Path, why: str = _ENDED_BEFORE) -> None:
    """End the request that a former launcher left open; called by a new launcher.

    The clinic did go back if its previous data were put aside since.
    """
    from db.backups.replaced_data import list_before
    from db.backups.requested_restore import note_requested, read_requested

    requested = read_requested(data)
    if requested is None or not requested.is_open:
        return
    # The name of the folder put aside has no fractions of a second.
    since = requested.requested_at.replace(microsecond=0)
    went_back = any(each.replaced_at >= since for each in list_before(data))
    failure = None if went_back else why
    ended = dataclasses.replace(requested, ended_at=datetime.now(UTC), failure=failure)
    note_requested(data, ended)
