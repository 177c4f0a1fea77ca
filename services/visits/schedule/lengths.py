"""How long a visit may last, whoever plans it."""

from typing import Final

FEWEST_MINUTES: Final = 5
MOST_MINUTES: Final = 480
