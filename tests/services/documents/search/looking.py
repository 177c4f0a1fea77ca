"""A process as a web server is one: looks at lists on demand, and files documents.

Reads commands from its input, a line each, and answers each with a line.
"""

import json
import os
import sys
from contextlib import closing
from typing import Any
from uuid import UUID

from db.endpoints import Endpoints
from db.postgres import Database
from db.postgres.listening import Listener
from services.core.actors import Actor, Role
from services.core.on_behalf import ActorDatabase
from services.documents import records
from services.documents.search.cache import DocumentListCache, PageRequest
from services.lists.criteria import Criteria
from tests.services.documents.search.samples import NOW, filed


def main() -> None:
    """Serve until the input ends."""
    given = json.loads(os.environ["LOOKING_AT"])
    actor = Actor(UUID(given.pop("actor")), "Cleo Clerk", Role.STAFF)
    endpoints = Endpoints(**given)
    with (
        closing(Database(endpoints)) as database,
        closing(Listener(endpoints, "documents")) as listener,
    ):
        server = _Server(
            ActorDatabase(database, actor), DocumentListCache(listener), listener
        )
        for line in sys.stdin:
            command, *words = line.split()
            answer = json.dumps(getattr(server, command)(*words))
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()


class _Server:
    """What the process does when it is told to."""

    def __init__(
        self, on_behalf: ActorDatabase, hot: DocumentListCache, listener: Listener
    ) -> None:
        self._on_behalf = on_behalf
        self._hot = hot
        self._listener = listener

    def hears(self) -> bool:
        return self._listener.news() is not None

    def look(self) -> dict[str, Any]:
        read = self._hot.look(self._on_behalf, Criteria(), PageRequest(), now=NOW)
        titles = [row.title for row in read.value.page.rows]
        return {"titles": titles, "at": read.served.at.isoformat()}

    def file(self, title: str) -> str:
        actor = self._on_behalf.actor
        written = self._on_behalf.write(lambda s: filed(s, actor, title))
        return str(written.value.id)

    def delete(self, document_id: str) -> None:
        actor = self._on_behalf.actor
        self._on_behalf.write(
            lambda s: records.delete(s, actor, UUID(document_id), revision=1)
        )


if __name__ == "__main__":
    main()
