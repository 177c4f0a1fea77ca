"""Why a plan or an exception to it cannot be kept."""

from services.core.errors import Conflict, InvalidInput, NotFound


class NoSuchDoctor(NotFound):
    """There is no doctor with the id, or not any more."""

    def __init__(self) -> None:
        super().__init__("There is no such doctor. Look for the name in the list.")


class InvalidWeek(InvalidInput):
    """The hours of a week contradict each other."""

    def __init__(self, message: str) -> None:
        super().__init__("hours", message)


class NoSuchException(NotFound):
    """There is no such exception, or it was taken back."""

    def __init__(self) -> None:
        super().__init__("This is no longer in the plan; check the list again.")


class NoSuchExtra(NotFound):
    """No such slot was added beside the plan, or it was withdrawn."""

    def __init__(self) -> None:
        super().__init__("This extra slot no longer exists.")


class SlotInUse(Conflict):
    """Somebody holds or has booked the slot, or the doctor is busy then."""
