"""Why something cannot be done with a doctor, whichever service is asked."""

from services.errors import NotFound


class NoSuchDoctor(NotFound):
    """There is no doctor with the id, or none any more."""

    def __init__(self) -> None:
        super().__init__("There is no such doctor. Look for the name in the list.")
