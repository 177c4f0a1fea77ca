"""A small clinic, read under each role's identity through the app's login."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database, Lsn
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit import cast

T = TypeVar("T")
TODAY: Final = date(2026, 11, 20)
REASON: Final = "Unconscious in the waiting room"


@dataclass(frozen=True)
class Clinic:
    """A clinic of five people: Ada is nobody's patient, Grace is Dora's."""

    database: Database
    cleo: Actor
    dora: Actor
    emil: Actor
    ana: Actor
    ines: Actor
    ada: PatientRecord
    grace: PatientRecord

    def read(self, actor: Actor, operation: Callable[[Session], T]) -> T:
        """Return what the actor is shown, with everybody's writes so far."""
        after = self._everything_written()
        return ActorDatabase(self.database, actor).read(operation, after=after).value

    def stream(
        self, actor: Actor, operation: Callable[[Session], Iterator[T]]
    ) -> Iterator[T]:
        """Yield what the actor is shown, with everybody's writes so far."""
        after = self._everything_written()
        return ActorDatabase(self.database, actor).stream(operation, after=after)

    def _everything_written(self) -> Lsn:
        return self.database.write(lambda _: None, identity=SYSTEM).lsn

    def write(self, actor: Actor, operation: Callable[[Session], T]) -> T:
        return ActorDatabase(self.database, actor).write(operation).value

    def invite(self, patient: PatientRecord) -> Actor:
        """Invite the patient, and return them as an actor."""
        invited = self.database.write(
            lambda session: cast.add_patient_actor(session, patient), identity=SYSTEM
        )
        return invited.value

    def names(self, actor: Actor) -> list[str]:
        """Return the names in the actor's list of everybody."""
        page = self.read(actor, lambda s: search.list_patients(s, actor, Criteria()))
        return [row.first_name for row in page.rows]


@contextmanager
def open_clinic(endpoints: Endpoints) -> Iterator[Clinic]:
    """Open the clinic in a fresh database."""
    with closing(Database(endpoints)) as database:

        def settle(session: Session) -> dict[str, Any]:
            people = {
                "cleo": cast.add_actor(session, cast.CLEO),
                "dora": cast.add_actor(session, cast.DORA),
                "emil": cast.add_actor(session, cast.EMIL),
                "ana": cast.add_actor(session, cast.ANA),
                "ines": cast.add_actor(session, cast.INES),
            }
            cleo = people["cleo"]
            known = patients.register(session, cleo, cast.ADA, today=TODAY)
            hers = patients.register(session, cleo, cast.GRACE, today=TODAY)
            care.assign(session, cleo, hers.id, people["dora"].id)
            return {**people, "ada": known, "grace": hers}

        yield Clinic(database, **database.write(settle, identity=SYSTEM).value)
