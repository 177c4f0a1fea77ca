"""What is deleted by itself because nobody can need it any more."""

from datetime import timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, exists, func
from sqlalchemy.orm import Session

from db.models import SavedView, StoredCriteria

# A link to a list works for a year after it was last opened; a saved view for ever.
CRITERIA_KEPT: Final = timedelta(days=365)


def purge_unused_criteria(session: Session) -> int:
    """Delete criteria unopened for a year that no view is saved of; return how many."""
    unused = delete(StoredCriteria).where(
        StoredCriteria.used_at < func.now() - CRITERIA_KEPT,
        ~exists().where(SavedView.criteria_key == StoredCriteria.key),
    )
    return cast("CursorResult[Any]", session.execute(unused)).rowcount
