"""A process like a web server: reads lists on demand, and files documents."""

from contextlib import closing
from typing import Any
from uuid import UUID

from db.postgres import Database
from db.postgres.listening import Listener
from services.core.actor_database import ActorDatabase
from services.documents import records
from services.documents.search.cache import DocumentListCache
from services.lists.criteria import Criteria
from services.lists.pages import PagePosition
from tests.kit import commanding
from tests.kit.change_listening import listening
from tests.services.documents.search.samples import NOW, filed


def main() -> None:
    """Serve until the input ends."""
    endpoints, clerk, _ = commanding.given()
    with (
        closing(Database(endpoints)) as database,
        listening(endpoints, "documents") as listener,
    ):
        document_lists = DocumentListCache(listener)
        commanding.serve(
            _Server(ActorDatabase(database, clerk), document_lists, listener)
        )


class _Server:
    """Carries out the commands that the process is sent."""

    def __init__(
        self,
        on_behalf: ActorDatabase,
        document_lists: DocumentListCache,
        listener: Listener,
    ) -> None:
        self._on_behalf = on_behalf
        self._document_lists = document_lists
        self._listener = listener

    def hears(self) -> bool:
        return self._listener.change_mark() is not None

    def look(self) -> dict[str, Any]:
        read = self._document_lists.look(
            self._on_behalf, Criteria(), PagePosition(), now=NOW
        )
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
