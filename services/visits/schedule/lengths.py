"""How long a visit may last and how far ahead it may be planned."""

from datetime import datetime
from typing import Final

from services.core.errors import InvalidInput

FEWEST_MINUTES: Final = 5
MOST_MINUTES: Final = 480
_LAST_YEAR: Final = 2199


def require_plausible_year(name: str, timestamp: datetime) -> None:
    """Raise InvalidInput for a time so far ahead that its year must be mistyped."""
    if timestamp.year > _LAST_YEAR:
        raise InvalidInput(name, "This is after the year 2199; choose an earlier day.")
