"""The reasons why something cannot be done to the servers."""

from services.core.errors import Conflict, InvalidInput, Unavailable
from services.core.sentences import Sentence


class CannotAct(Conflict):
    """The servers are not in a state for it; the message says what is in the way."""


class ServersBusy(Conflict):
    """Another operation on the servers is running."""

    def __init__(self) -> None:
        super().__init__(
            "Another operation on the servers is running. Wait until it has ended, "
            "then look again before you act."
        )


class NotTyped(InvalidInput):
    """Something may be lost, and the actor has not confirmed that this is accepted."""

    def __init__(self, node: str) -> None:
        super().__init__(
            "typed",
            Sentence(
                "Acknowledged changes may be lost. Type {server} to confirm that it "
                "should lead anyway.",
                server=node,
            ),
        )


class NoPatroni(Unavailable):
    """Patroni does not answer on any server."""


class WentWrong(Unavailable):
    """The operation began and did not end well; the message says how far it came."""
