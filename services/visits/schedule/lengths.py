"""How long a visit may last and how far ahead it is planned, whoever plans it."""

from datetime import datetime, timedelta
from typing import Final

from services.core.errors import InvalidInput

FEWEST_MINUTES: Final = 5
MOST_MINUTES: Final = 480
_FARTHEST: Final = timedelta(days=3653)


def require_near(name: str, timestamp: datetime, now: datetime) -> None:
    """Raise InvalidInput for what is so far ahead that its year must be mistyped."""
    if timestamp - now > _FARTHEST:
        raise InvalidInput(
            name, "This is more than ten years ahead; choose an earlier day."
        )
