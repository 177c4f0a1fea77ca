"""A process like a web server: caches slots that are looked at, and holds them."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from db.postgres import Database
from db.postgres.listening import Listener
from services.core.actor_database import ActorDatabase
from services.visits.booking import bookings
from services.visits.figures.caches import VisitCaches
from services.visits.schedule import visit_changes
from tests.kit import commanding
from tests.kit.change_listening import listening
from tests.services.visits.booking.bookings import samples


def main() -> None:
    """Serve until the input ends."""
    endpoints, clerk, given = commanding.given()
    with (
        closing(Database(endpoints)) as database,
        listening(endpoints, visit_changes.CHANNEL) as listener,
    ):
        caches, on_behalf = (
            VisitCaches(database, listener),
            ActorDatabase(database, clerk),
        )
        commanding.serve(_Server(on_behalf, caches, listener, given))


class _Server:
    """Carries out the commands that the process is sent."""

    def __init__(
        self,
        on_behalf: ActorDatabase,
        caches: VisitCaches,
        listener: Listener,
        given: dict[str, Any],
    ) -> None:
        self._on_behalf = on_behalf
        self._caches = caches
        self._listener = listener
        self._doctor_id = UUID(given["doctor_id"])
        # Not by samples of its own: they begin an hour later if the process starts in
        # another hour than the test.
        self._begin = datetime.fromisoformat(given["begin"])

    def hears(self) -> bool:
        return self._listener.change_mark() is not None

    def look(self) -> dict[str, Any]:
        until = self._begin + timedelta(days=1)
        read = self._caches.slots(self._on_behalf, self._doctor_id, self._begin, until)
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
