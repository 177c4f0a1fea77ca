"""Why something cannot be booked, confirmed or given back."""

from uuid import UUID

from services.core.errors import Conflict, Gone, NotFound
from services.core.sentences import Sentence
from services.visits.booking.bookings.records import BookingRecord, BookingStatus


class NoSuchBooking(NotFound):
    """There is no such booking, or the actor may not know of it."""

    def __init__(self, *, patient_id: UUID | None = None) -> None:
        super().__init__(
            "There is no such booking. Look for it among the patient's visits.",
            patient_id=patient_id,
        )


class NoSuchSlot(NotFound):
    """The slot is not offered (any more), or it has begun.

    `slot_id` names it if it is one of a series.
    """

    slot_id: UUID | None = None

    def __init__(self) -> None:
        super().__init__(
            "This time is no longer offered. Choose another one from the calendar."
        )


class SlotTaken(Conflict):
    """Somebody else was quicker, until `expires_at` of the lost booking."""

    def __init__(self, booking: BookingRecord) -> None:
        super().__init__("Slot already booked")
        self.booking = booking


class PatientBusy(Conflict):
    """The patient has another visit, or holds another slot, at that time.

    `slot_id` names the slot if it is one of a series.
    """

    slot_id: UUID | None = None

    def __init__(self) -> None:
        super().__init__(
            "There is another visit at that time. Choose another time, or cancel the "
            "other visit first."
        )


class TooManyHolds(Conflict):
    """The patient holds as many slots as a patient may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            Sentence(
                "You already hold {most} times. Confirm or release one of them first.",
                most=most,
            )
        )


class AlreadyRenewed(Conflict):
    """A hold can be renewed only once."""

    def __init__(self) -> None:
        super().__init__(
            "This hold has already been extended once. Confirm it before it expires."
        )


class AlreadyConfirmed(Conflict):
    """The booking is confirmed, so there is no hold left to extend."""

    def __init__(self) -> None:
        super().__init__("This booking is already confirmed; there is nothing to do.")


class TooLateToCancel(Conflict):
    """The visit is so near that only the clinic can give it back."""

    def __init__(self, hours: float) -> None:
        super().__init__(
            Sentence(
                "Visits can be cancelled or moved up to {hours:g} hours before they "
                "begin. Call the clinic.",
                hours=hours,
            )
        )


class BookingOver(Conflict):
    """The booking has ended, or its visit has begun: it can no longer be changed."""

    def __init__(self) -> None:
        super().__init__(
            "This booking is over, so it can no longer be changed. Book another time."
        )


class AlreadyMoved(Conflict):
    """The visit that is being moved has been moved elsewhere in the meantime."""

    def __init__(self) -> None:
        super().__init__(
            "This visit has been moved to another time in the meantime. Move it from "
            "there."
        )


class VisitHasBegun(Conflict):
    """The visit has begun or is over: only staff can change it, with a reason."""

    def __init__(self) -> None:
        super().__init__(
            "This visit has begun. Only the clinic can cancel or move it now, and "
            "only for a reason."
        )


class NotesWritten(Conflict):
    """Notes are saved for the visit; giving it back nevertheless must be explicit."""

    def __init__(self) -> None:
        super().__init__(
            "This visit has saved notes, so the patient may have been there: if so, "
            "check them in. If you cancel the visit, it keeps its notes, and nobody "
            "can add to them."
        )


class AttemptKeyReused(Conflict):
    """The key of this attempt belongs to another request of the same person."""

    def __init__(self) -> None:
        super().__init__(
            "Another booking was made with this key; choose the time again."
        )


class HoldExpired(Gone):
    """The hold ran out before it was confirmed or extended."""

    def __init__(self) -> None:
        super().__init__(
            "Your hold on this time has expired. Choose it again if it is still free."
        )


def require_pending(booking: BookingRecord) -> BookingRecord:
    """Return the booking, or raise why it is not a live hold."""
    if booking.status is BookingStatus.PENDING:
        return booking
    if booking.status is BookingStatus.EXPIRED:
        raise HoldExpired
    if booking.status is BookingStatus.FAILED:
        raise SlotTaken(booking)
    if booking.status is BookingStatus.CONFIRMED:
        raise AlreadyConfirmed
    raise BookingOver
