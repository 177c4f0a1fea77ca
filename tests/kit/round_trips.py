"""The messages that pages send to PostgreSQL: each is a round trip."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread
from typing import Any, Final

import pytest

from db.postgres.connections.batching import BatchedConnection, BatchedCursor

_PAGES: Final = "ScriptRunner"


@contextmanager
def statements_of_pages() -> Iterator[list[str]]:
    """Yield the list of messages that pages send while the block runs."""
    statements: list[str] = []

    def overhear(send: Callable[..., Any]) -> Callable[..., Any]:
        def sent(speaker: Any, words: Any, *args: Any) -> Any:
            if current_thread().name.startswith(_PAGES):
                statements.append(str(words))
            return send(speaker, words, *args)

        return sent

    with pytest.MonkeyPatch.context() as patch:
        for part, name in ((BatchedCursor, "execute"), (BatchedConnection, "say")):
            patch.setattr(part, name, overhear(getattr(part, name)))
        yield statements
