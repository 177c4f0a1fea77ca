"""What queries cost the servers, by their shape; for administrators."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from db.cluster.statements import (
    NotCounted,
    StatementOrder,
    StatementReader,
    StatementReport,
)
from services.core.actors import Actor, Permission
from services.core.errors import NotFound, Unavailable
from services.core.sentences import Sentence

_NOT_COUNTED: Final = {
    "silent": partial(
        Sentence,
        "{node} is not responding, so what its queries cost is not known. Check on "
        "Replication whether it is running.",
    ),
    "not loaded": partial(
        Sentence,
        "{node} does not count its queries: it was started without pg_stat_statements.",
    ),
    "not installed": partial(
        Sentence,
        "{node} does not report what its queries cost: the extension "
        "pg_stat_statements is missing in the database.",
    ),
}


class StatementsNotCounted(Unavailable):
    """A server does not report what its statements cost.

    `needs_setup` says whether an administrator has to set that up first.
    """

    def __init__(self, sentence: str, *, needs_setup: bool) -> None:
        super().__init__(sentence)
        self.needs_setup = needs_setup


def read_statements(
    actor: Actor,
    statements: StatementReader,
    node: str,
    order: StatementOrder,
) -> StatementReport:
    """Return the shapes of queries that cost a server most, in milliseconds.

    Raises NotAllowed, NotFound, StatementsNotCounted.
    """
    actor.require(Permission.VIEW_REPLICATION)
    with _explaining(node):
        return statements.read(node, order)


def reset_statements(actor: Actor, statements: StatementReader, node: str) -> None:
    """Reset a server's counts, as after a change that is to be judged.

    Raises NotAllowed, NotFound, StatementsNotCounted.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    with _explaining(node):
        statements.reset(node)


@contextmanager
def _explaining(node: str) -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise NotFound(Sentence("There is no server {name}.", name=node)) from None
    except NotCounted as error:
        raise StatementsNotCounted(
            _NOT_COUNTED[error.reason](node=node),
            needs_setup=error.reason != "silent",
        ) from error
