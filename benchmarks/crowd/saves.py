"""What people saved, and whether it is still there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Save:
    """A patient's new phone number: when it was sent and, if it was, confirmed."""

    patient_id: str
    number: str
    sent_at: float
    confirmed_at: float | None = None

    def confirm(self) -> None:
        """Record that the page has confirmed it."""
        self.confirmed_at = perf_counter()

    def is_before(self, other: "Save") -> bool:
        """Return whether it was confirmed before the other one was sent."""
        return self.confirmed_at is not None and self.confirmed_at < other.sent_at


@dataclass(slots=True)
class Saves:
    """Everything a crowd has saved. Two people may have saved one patient at once."""

    _made: list[Save] = field(default_factory=list)

    def send(self, patient_id: str, number: str) -> Save:
        """Record that a number is about to be sent."""
        save = Save(patient_id, number, perf_counter())
        self._made.append(save)
        return save

    def confirmed(self) -> int:
        """Return how many were confirmed."""
        return sum(save.confirmed_at is not None for save in self._made)

    def lost(self, there: Mapping[str, str]) -> list[str]:
        """Return the confirmed numbers that are lost, by each patient's current number.

        One is lost if the current number was confirmed before it was sent, or was sent
        by nobody. Numbers sent at the same time may have been stored in either order.
        """
        lost = []
        for save in self._made:
            stored = there.get(save.patient_id)
            others = [
                other
                for other in self._made
                if other.patient_id == save.patient_id and other.number == stored
            ]
            is_lost = all(other.is_before(save) for other in others)
            if save.confirmed_at is not None and is_lost:
                lost.append(f"{save.patient_id}: saved {save.number}, found {stored}")
        return lost
