"""The reasons that people give for what is out of the ordinary."""

from typing import Final

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import is_storable, tidy_line

SHORTEST: Final = 10
LONGEST: Final = 500


def read(typed: str) -> str:
    """Return the reason tidied up. Raises InvalidInput if it is too short or too long.

    Characters that nobody sees explain nothing, and marks of direction turn round what
    is written beside them. The database enforces the same length for every reason.
    """
    if not is_storable(typed):
        raise InvalidInput(
            "reason", "The reason contains a character that cannot be stored."
        )
    reason = tidy_line(typed)
    if len(reason) < SHORTEST:
        raise InvalidInput(
            "reason",
            Sentence(
                "Enter a reason of at least {least} characters; it is recorded and "
                "may be reviewed.",
                least=SHORTEST,
            ),
        )
    if len(reason) > LONGEST:
        raise InvalidInput(
            "reason",
            Sentence("Enter a reason of at most {most} characters.", most=LONGEST),
        )
    return reason
