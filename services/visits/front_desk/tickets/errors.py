"""Why a visit has no ticket."""

from services.core.errors import Conflict


class NoTicket(Conflict):
    """Nobody is let in by the ticket of a visit that is over."""

    def __init__(self) -> None:
        super().__init__(
            "This visit is over or was cancelled, so it has no ticket any more."
        )
