"""Why something cannot be done with a doctor."""

from services.core.errors import Conflict, NotFound
from services.visits.schedule.doctors.records import DoctorRecord


class StaleDoctor(Conflict):
    """The doctor was changed after the screen was filled."""

    def __init__(self, current: DoctorRecord) -> None:
        super().__init__(
            "Somebody else changed this doctor in the meantime. Check what is there "
            "now, then save again."
        )
        self.current = current


class DoctorTaken(Conflict):
    """Another doctor has a value that must be unique."""

    def __init__(self, property_name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.property_name = property_name


class NoDoctorPhoto(NotFound):
    """The doctor has no photo."""

    def __init__(self) -> None:
        super().__init__("This doctor has no photo yet; add one on the doctor's plan.")
