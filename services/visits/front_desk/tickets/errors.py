"""Why a visit has no ticket."""

from services.core.errors import Conflict


class NoTicket(Conflict):
    """The visit is over, so its ticket lets nobody in."""

    def __init__(self) -> None:
        super().__init__(
            "This visit is over or was cancelled, so it no longer has a ticket."
        )
