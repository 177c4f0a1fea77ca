"""A sign-in made in the database, for tests of what comes after it."""

from uuid import UUID

from db.routing import Database
from db.routing.acting import DOOR
from services import sessions


def cookie_of(database: Database, user_id: UUID) -> str:
    """Sign somebody in, and return the Cookie header of their browser."""
    started = database.write(
        lambda session: sessions.start(
            session, user_id, method="code", network=None, browser=None
        ),
        acting=DOOR,
    )
    return f"chartroom={started.value.token}"
