"""What became of all attempts to book, for whoever watches the servers."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

OUTCOMES: Final = ("pending", "confirmed", "expired", "cancelled", "conflict")
_COUNT: Final = text("""
SELECT CASE
        WHEN status = 'failed' THEN 'conflict'
        WHEN status = 'pending' AND expires_at <= clock_timestamp() THEN 'expired'
        ELSE status
    END AS outcome, count(*) AS number
FROM bookings GROUP BY outcome
""")


def count_outcomes(session: Session) -> dict[str, int]:
    """Return how many attempts had each outcome, for the system itself."""
    counted = {row.outcome: row.number for row in session.execute(_COUNT)}
    return {outcome: counted.get(outcome, 0) for outcome in OUTCOMES}
