"""When a document may be purged, as PostgreSQL computes it."""

import math
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func

from db.models.document import Document, RetentionRule

LONGEST_DAYS: Final = 36_525
LONGEST_RESTORE_DAYS: Final = 3_650
# For this long after a change of its rule nothing of a class is purged: who wrote days
# instead of years can still correct it.
SECOND_THOUGHTS: Final = timedelta(days=7)
# Exact, so that a year count of any size gives a number of days, to be refused.
_DAYS_OF_YEAR: Final = Fraction("365.25")

# Joins documents with the rule of their class.
OF_ITS_CLASS: Final = RetentionRule.classification == Document.classification


def days_of_years(years: int) -> int:
    """Return enough days for these years to be over, whenever they begin."""
    return math.ceil(years * _DAYS_OF_YEAR)


def ends_at() -> ColumnElement[datetime]:
    """Return when the time of a document is over; its rule has to be joined.

    For one in use, that is when it has been kept for long enough; for a deleted one,
    when nobody can restore it any longer.
    """
    kept_for = func.make_interval(0, 0, 0, RetentionRule.keep_days)
    restored_for = func.make_interval(0, 0, 0, RetentionRule.restore_days)
    return case(
        (Document.deleted_at.is_(None), Document.updated_at + kept_for),
        else_=Document.deleted_at + restored_for,
    )


def ended(ahead: timedelta = timedelta()) -> ColumnElement[bool]:
    """Select what is to be purged, now or within `ahead`; never what is on hold."""
    until = func.now() + ahead
    return and_(
        Document.purged_at.is_(None),
        Document.held_at.is_(None),
        ends_at() <= until,
        RetentionRule.updated_at + SECOND_THOUGHTS <= until,
    )
