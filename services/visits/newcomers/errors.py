"""Why a newcomer cannot book, or a newcomer's booking cannot be changed."""

from services.core.errors import Conflict, Gone, InvalidInput, NotFound, TooOften
from services.core.sentences import Sentence
from services.visits.newcomers.records import NewcomerRecord, NewcomerStatus

_A_MINUTE = 60


class NoSuchNewcomer(NotFound):
    """There is no such booking, or the caller may not know of it."""

    def __init__(self) -> None:
        super().__init__("There is no such booking. It may be over, or released.")


class SlotGone(Conflict):
    """Somebody else was quicker."""

    def __init__(self) -> None:
        super().__init__("Slot already booked")


class NotOffered(NotFound):
    """The slot is not offered to newcomers (any more)."""

    def __init__(self) -> None:
        super().__init__("This time is no longer offered. Choose another one.")


class RequestKeyReused(Conflict):
    """The key of this request belongs to another one."""

    def __init__(self) -> None:
        super().__init__(
            "Another booking was asked for with this key; choose the time again."
        )


class TooManyPending(TooOften):
    """So many people are booking at this moment that no more slots are held."""

    def __init__(self) -> None:
        super().__init__(
            "Many people are booking right now. Try again in a minute, or call the "
            "clinic.",
            retry_after_seconds=_A_MINUTE,
        )


class TooManyVisits(Conflict):
    """The address has as many visits booked as a newcomer may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            Sentence(
                "You have already booked {most} visits. Cancel one of them first, or "
                "call the clinic.",
                most=most,
            )
        )


class WrongCode(InvalidInput):
    """The code is wrong; the booking waits for the right one while tries are left."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("code", _wrong(tries_left))
        self.tries_left = tries_left


def _wrong(tries_left: int) -> str:
    if not tries_left:
        return "Wrong code, so the time was released. Choose it again."
    if tries_left == 1:
        return "Wrong code. You have one try left."
    return Sentence("Wrong code. You have {tries} tries left.", tries=tries_left)


class HoldOver(Gone):
    """The code came too late, or was wrong too often."""

    def __init__(self) -> None:
        super().__init__(
            "This time is no longer held for you. Choose it again if it is still free."
        )


class NewcomerOver(Conflict):
    """The booking cannot be changed any more; carries its current state."""

    def __init__(self, newcomer: NewcomerRecord) -> None:
        super().__init__(
            "They are already registered; the visit is in the day's list."
            if newcomer.status is NewcomerStatus.REGISTERED
            else "This visit is cancelled or over, so it can no longer be changed."
        )
        self.newcomer = newcomer
