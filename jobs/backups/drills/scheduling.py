"""Runs restore drills by plan and on request, one at a time, and reports the result.

It has a thread of its own beside the one that makes backups, since a restore takes as
long as it takes.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Final, Protocol

from sqlalchemy.orm import Session

from db.backups.backup_errors import CannotBackUp, CannotRestore
from db.backups.notes import Proof
from db.embedded import CannotStart
from db.files.file_keys import UnusableFileKeys
from db.files.seal_keys import UnusableKey
from db.postgres import SYSTEM, Database
from jobs.backups.pending_writes import PendingWrites
from jobs.backups.polling import poll
from services import backups
from services.backups import drills
from services.backups.drills import RestoreDrill
from services.core.actors import KEEPER

_NICE: Final = 19
_SETTLING: Final = timedelta(minutes=10)
# The first window should be long enough to have something in it.
_FIRST_AFTER: Final = timedelta(hours=1)
_AGAIN_AFTER: Final = timedelta(days=1)
# All of a clinic is fetched once more, for which a store may charge.
COPY_AGAIN_AFTER: Final = timedelta(days=7)
# PostgreSQL dates drills by its own clock.
_CLOCKS_APART: Final = timedelta(hours=1)
_NO_COPY: Final = "No copy of the backups is kept elsewhere any more."
_UNEXPECTED: Final = "The drill ended in an unexpected error: see the worker's log."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """How often a restore is practised automatically, if at all.

    A broken drill is repeated after `again_after`. Nothing is begun within `settling`
    of the worker's start.
    """

    every: timedelta | None
    settling: timedelta = _SETTLING
    again_after: timedelta = _AGAIN_AFTER

    def due_at(
        self,
        started_at: datetime,
        oldest_backup_at: datetime | None,
        newest: RestoreDrill | None,
    ) -> datetime | None:
        """Return when the next drill is due; None while none is due by itself."""
        if self.every is None or oldest_backup_at is None:
            return None
        due = oldest_backup_at + min(_FIRST_AFTER, self.every)
        if newest is not None:
            pause = self.every
            if newest.failure is not None:
                pause = min(pause, self.again_after)
            due = newest.requested_at + pause
        return max(due, started_at + self.settling)


class PractisedBackups(Protocol):
    """The backups that are practised with, whoever makes them."""

    @property
    def is_busy(self) -> bool:
        """Whether a backup is being made."""

    def oldest_at(self) -> datetime | None:
        """Return the time of the oldest backup; None while there is none."""

    def drilling(self) -> AbstractContextManager[bool]:
        """Keep others from drills in the block; yield False if one is running."""


class RestoreDriller:
    """Checks every other second whether a drill is due or requested, and runs it.

    `practise` runs one, and ends early once its event is set; `practise_copy` does so
    from the copy elsewhere, by a plan of its own.
    """

    def __init__(
        self,
        database: Database,
        practised: PractisedBackups,
        practise: Callable[[Event], Proof],
        plan: DrillPlan,
        *,
        practise_copy: Callable[[Event], Proof] | None = None,
        copy_plan: DrillPlan = DrillPlan(None),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._practise_copy = practise_copy
        self._copy_plan = copy_plan
        self._database = database
        self._practised = practised
        self._practise = practise
        self._plan = plan
        self._clock = clock
        self._started_at = clock()
        self._stopping = Event()
        # The result of a drill, until a primary has it.
        self._unwritten = PendingWrites(database)

    def run(self, stopping: Event) -> None:
        """Check until `stopping` is set, at a low priority."""
        self._stopping = stopping
        poll(self.look, stopping, subject="due drills", nice=_NICE)

    def look(self) -> None:
        """Run the drill that is due or requested, and report the result."""
        self._unwritten.flush()
        if self._practised.is_busy:
            return
        newest = self._read_newest()
        if newest is None or not newest.is_open:
            of_copy = self._find_due()
            if of_copy is not None:
                plan = partial(drills.plan_drill, of_copy=of_copy)
                self._database.write(plan, identity=SYSTEM)
                newest = self._read_newest()
        if newest is None or not newest.is_open:
            return
        with self._practised.drilling() as is_alone:
            # Otherwise the previous worker is still at it, and reports the result.
            if is_alone:
                self._run_open()

    def _run_open(self) -> None:
        """Run the drill that is still open, and report the result."""
        drill = self._read_newest()
        if drill is None or not drill.is_open:
            return
        drill_id = drill.id
        self._database.write(
            lambda session: drills.begin_drill(session, drill_id), identity=SYSTEM
        )
        proof, failure = self._run(drill)
        if self._stopping.is_set() and failure is not None:
            # The next worker runs it: that this one was stopped proves nothing.
            return
        self._unwritten.add(_ending(drill, proof, failure))
        self._unwritten.flush()

    def _read_newest(self) -> RestoreDrill | None:
        return self._database.read_latest(drills.newest_drill, identity=SYSTEM).value

    def _find_due(self) -> bool | None:
        """Return whether the due drill is one of the copy; None if neither is due."""
        oldest, now = self._practised.oldest_at(), self._clock()
        self._started_at = min(self._started_at, now)
        plans = {False: self._plan}
        if self._practise_copy is not None:
            plans[True] = self._copy_plan
        for of_copy, plan in plans.items():
            if plan.every is None:
                continue
            until = now + _CLOCKS_APART
            read = partial(drills.newest_drill_of, of_copy=of_copy, until=until)
            newest = self._database.read_latest(read, identity=SYSTEM).value
            due = plan.due_at(self._started_at, oldest, newest)
            if due is not None and due <= now:
                return of_copy
        return None

    def _run(self, drill: RestoreDrill) -> tuple[Proof | None, str | None]:
        """Return what was proven, or why nothing was."""
        practise = self._practise_copy if drill.of_copy else self._practise
        if practise is None:
            return None, _NO_COPY
        try:
            return practise(self._stopping), None
        except (CannotBackUp, CannotRestore, CannotStart) as error:
            failure = str(error)
        except (UnusableFileKeys, UnusableKey) as error:
            failure = str(error)
        except OSError as error:
            failure = f"The backups cannot be read ({error.strerror or error})."
        except Exception:
            _log.exception("A restore drill failed with an unexpected error.")
            failure = _UNEXPECTED
        _log.warning("A restore drill proved nothing: %s", failure)
        return None, failure


def _ending(
    drill: RestoreDrill, proof: Proof | None, failure: str | None
) -> Callable[[Session], None]:
    def end(session: Session) -> None:
        drills.end_drill(session, drill.id, proof=proof, failure=failure)
        if proof is not None:
            backups.record_proven(session, KEEPER, proof)

    return end
