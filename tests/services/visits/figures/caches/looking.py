"""A process as a web server is one: keeps slots that are looked at, and holds them.

Reads commands from its input, a line each, and answers each with a line.
"""

import json
import os
import sys
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import UUID

from db.endpoints import Endpoints
from db.postgres import Database
from db.postgres.listening import Listener
from services.core.actors import Actor, Role
from services.core.on_behalf import ActorDatabase
from services.visits.booking import bookings
from services.visits.figures.caches import VisitCaches
from services.visits.schedule import visit_changes
from tests.services.visits.booking.bookings import samples


def main() -> None:
    """Serve until the input ends."""
    given = json.loads(os.environ["LOOKING_AT"])
    actor = Actor(UUID(given.pop("actor")), "Cleo Clerk", Role.STAFF)
    doctor_id, redis_url = UUID(given.pop("doctor")), given.pop("redis")
    endpoints = Endpoints(**given)
    listener = Listener(endpoints, visit_changes.CHANNEL)
    with closing(Database(endpoints)) as database:
        caches = VisitCaches(database, listener, redis_url=redis_url)
        with closing(caches):
            on_behalf = ActorDatabase(database, actor)
            server = _Server(on_behalf, caches, listener, doctor_id)
            for line in sys.stdin:
                command, *words = line.split()
                answer = json.dumps(getattr(server, command)(*words))
                sys.stdout.write(f"{answer}\n")
                sys.stdout.flush()


class _Server:
    """What the process does when it is told to."""

    def __init__(
        self,
        on_behalf: ActorDatabase,
        caches: VisitCaches,
        listener: Listener,
        doctor_id: UUID,
    ) -> None:
        self._on_behalf = on_behalf
        self._caches = caches
        self._listener = listener
        self._doctor_id = doctor_id

    def hears(self) -> bool:
        return self._listener.news() is not None

    def look(self) -> dict[str, Any]:
        begin = samples.FIRST
        read = self._caches.slots(
            self._on_behalf, self._doctor_id, begin, begin + timedelta(days=1)
        )
        states = [slot.state for slot in read.value]
        return {"states": states, "at": read.served.at.isoformat()}

    def hold(self, slot_id: str, patient_id: str) -> str:
        wish = samples.wanting(UUID(slot_id), UUID(patient_id))
        actor = self._on_behalf.actor
        held = self._on_behalf.write(lambda s: bookings.hold(s, actor, wish)).value
        return f"{held.status.value} {held.id}"

    def cancel(self, booking_id: str) -> str:
        actor = self._on_behalf.actor
        return self._on_behalf.write(
            lambda s: bookings.cancel(s, actor, UUID(booking_id))
        ).value.status.value


if __name__ == "__main__":
    main()
