"""The databases in one actor's name: limited by their role, and written down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from db.routing import Database, Lsn, Read, Written
from services import audit
from services.actors import Actor
from services.audit import Action, Origin
from services.errors import NotAllowed, NotFound

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """Reads and writes as one actor, from one place.

    What a read records is committed on the primary before its answer is returned; if
    that cannot be done there is no answer. A refusal is recorded too. Operations may
    run several times and only use their session, as with `Database`.
    """

    database: Database
    actor: Actor
    origin: Origin

    def read(
        self, operation: Callable[[Session], T], *, after: Lsn | None = None
    ) -> Read[T]:
        """Read near; what a replica does not know, the primary is asked about."""
        with self._written_down():
            found = self.database.find(
                _with_events(operation),
                missing=NotFound,
                after=after,
                acting=self.actor.acting,
            )
            value, events = found.value
            if events:
                self._write(lambda session: audit.keep(session, events))
            return Read(value, found.served)

    def write(
        self, operation: Callable[[Session], T], *, key: UUID | None = None
    ) -> Written[T]:
        """Run and commit a transaction on the primary exactly once."""
        with self._written_down():
            return self._write(operation, key=key)

    def _write(
        self, operation: Callable[[Session], T], *, key: UUID | None = None
    ) -> Written[T]:
        return self.database.write(operation, key=key, acting=self.actor.acting)

    @contextmanager
    def _written_down(self) -> Iterator[None]:
        with audit.coming_from(self.origin):
            try:
                yield
            except NotAllowed as refusal:
                sentence = str(refusal)
                self._write(
                    lambda session: audit.record(
                        session,
                        self.actor,
                        Action.ACCESS_REFUSE,
                        outcome="refused",
                        details={"sentence": sentence},
                    )
                )
                raise


def _with_events(
    operation: Callable[[Session], T],
) -> Callable[[Session], tuple[T, list[dict[str, Any]]]]:
    def run(session: Session) -> tuple[T, list[dict[str, Any]]]:
        with audit.collected(session) as events:
            return operation(session), events

    return run
