"""A drill from beginning to end: people work, something breaks, and it is measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from functools import partial
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from db.cluster.control_client import Control, ControlRefused, ControlUnreachable
from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
from db.files.gridfs import FileStore, FileStoreUnavailable
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.cluster.practice.drill_report import DrillTimeline
from jobs.cluster.practice.drill_run import CannotDrill, DrillRun, WentWrong
from jobs.cluster.practice.drill_users import Users
from jobs.cluster.practice.measuring import measure
from jobs.cluster.practice.scenarios import SCENARIOS
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills import DrillMeasurements, DrillVerdict

T = TypeVar("T")
_SEEN_SECONDS: Final = 5.0
_PERSISTENCE_SECONDS: Final = 300.0
_BROKE_OFF: Final = (
    WentWrong,
    PatroniSilent,
    PatroniRefused,
    ControlRefused,
    ControlUnreachable,
    DatabaseUnavailable,
    FileStoreUnavailable,
)


@dataclass(frozen=True, slots=True)
class Practice:
    """Practises on the servers of a process.

    The next drill is planned by the clock of `zone`, the clinic's. People work for
    `steady_seconds` before it breaks, and after it is whole again.
    """

    database: Database
    files: FileStore
    timeline: DrillTimeline
    zone: tzinfo
    steady_seconds: float = 2.0

    def run(self, kind: DrillKind, drill_id: UUID) -> DrillVerdict | None:
        """Run a drill that the history has as running, and record the result.

        Returns None, and reports why, if it cannot be practised or did not finish.
        """
        with _shown_alive(self.database, drill_id):
            try:
                run, measured = self._practise(kind, drill_id)
            except (CannotDrill, *_BROKE_OFF) as error:
                self._give_up(drill_id, error)
                return None
        self._keep(kind, drill_id, run, measured)
        verdict = drills.judge(kind, measured)
        figures = {"state": verdict.state, "node": run.node} | asdict(measured)
        self.timeline.end(verdict.sentence, figures)
        return verdict

    def _practise(
        self, kind: DrillKind, drill_id: UUID
    ) -> tuple[DrillRun, DrillMeasurements]:
        endpoints = self.database.endpoints
        with Users(self.database, self.files, drill_id) as users:
            run = DrillRun(
                kind,
                Control.of(endpoints),
                Patroni(endpoints),
                users,
                self.timeline,
                partial(self._note_server, drill_id),
            )
            self.timeline.tell("People begin to work")
            run.wait(run.is_whole, "all servers are there", seconds=60)
            sleep(self.steady_seconds)
            SCENARIOS[kind](run)
            run.await_whole()
            sleep(self.steady_seconds)
        self.timeline.tell("Comparing what was acknowledged with what is there")
        return run, measure(run, self.database, drill_id)

    def _note_server(self, drill_id: UUID, node: str) -> None:
        self.database.write(
            lambda session: drills.note_server(session, drill_id, node), identity=SYSTEM
        )

    def _keep(
        self,
        kind: DrillKind,
        drill_id: UUID,
        run: DrillRun,
        measured: DrillMeasurements,
    ) -> None:
        def keep(session: Session) -> None:
            drills.finish(
                session,
                drill_id,
                kind,
                measured,
                node=run.node or None,
                steps=self.timeline.steps,
                today=datetime.now(self.zone).date(),
            )
            drills.forget_writes(session, drill_id)

        _persist(lambda: self.database.write(keep, identity=SYSTEM))

    def _give_up(self, drill_id: UUID, error: Exception) -> None:
        skipped = isinstance(error, CannotDrill)
        sentence = (
            f"Skipped: {error}" if skipped else f"It stopped with an error: {error}"
        )

        def give_up(session: Session) -> None:
            drills.give_up(session, drill_id, sentence, skipped=skipped)

        _persist(lambda: self.database.write(give_up, identity=SYSTEM))
        state = "skipped" if skipped else "failed"
        self.timeline.end(sentence, {"state": state})


def _persist(write: Callable[[], T]) -> T:
    deadline = monotonic() + _PERSISTENCE_SECONDS
    while True:
        try:
            return write()
        except DatabaseUnavailable:
            if monotonic() > deadline:
                raise
            sleep(1)


@contextmanager
def _shown_alive(database: Database, drill_id: UUID) -> Iterator[None]:
    """Show in the history that the drill goes on."""
    over = Event()

    def show() -> Any:
        while not over.wait(_SEEN_SECONDS):
            with suppress(DatabaseUnavailable):
                database.write(
                    lambda session: drills.touch(session, drill_id), identity=SYSTEM
                )

    thread = Thread(target=show, name="drill seen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
