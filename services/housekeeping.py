"""What is deleted by itself because nobody can need it any more."""

from datetime import timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, exists, func
from sqlalchemy.orm import Session

from db.models import SavedView, StoredCriteria, WriteReceipt

# A write asks for its receipt within seconds; a day leaves room for any outage.
RECEIPTS_KEPT: Final = timedelta(days=1)
# A link to a list works for a year after it was last opened; a saved view for ever.
CRITERIA_KEPT: Final = timedelta(days=365)


def purge_receipts(session: Session) -> int:
    """Delete receipts that no write can ask for; return how many."""
    return _deleted(
        session,
        delete(WriteReceipt).where(
            WriteReceipt.created_at < func.now() - RECEIPTS_KEPT
        ),
    )


def purge_unused_criteria(session: Session) -> int:
    """Delete criteria unopened for a year that no view is saved of; return how many."""
    return _deleted(
        session,
        delete(StoredCriteria).where(
            StoredCriteria.used_at < func.now() - CRITERIA_KEPT,
            ~exists().where(SavedView.criteria_key == StoredCriteria.key),
        ),
    )


def _deleted(session: Session, statement: Any) -> int:
    result = cast("CursorResult[Any]", session.execute(statement))
    return result.rowcount
