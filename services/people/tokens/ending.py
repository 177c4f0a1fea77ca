"""All that somebody was given to come in without signing in, ended at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import Session

from db.models.care import BulkExport
from db.models.user import ApiToken


def end_tokens(session: Session, user_id: UUID) -> None:
    """Revoke the tokens of a person or a program that still hold; the caller commits.

    What was exported with them is theirs no longer either, as `end_exports` has it.
    """
    revoke_where(
        session,
        ApiToken.user_id == user_id,
        ApiToken.expires_at.is_(None) | (ApiToken.expires_at > func.now()),
    )
    end_exports(session, user_id)


def revoke_where(session: Session, *which: ColumnElement[bool]) -> Sequence[UUID]:
    """Revoke the tokens that are meant, and return which were not yet.

    What was exported with them is for the caller to end, who commits.
    """
    revoked = session.scalars(
        update(ApiToken)
        .where(*which, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
        .execution_options(synchronize_session=False)
    )
    return revoked.all()


def end_exports(session: Session, user_id: UUID) -> None:
    """Stop what a person or a program exports, and open none of its files any more.

    The files are deleted within ten minutes, as those of exports are whose day is
    over. The caller commits.
    """
    session.execute(
        update(BulkExport)
        .where(BulkExport.owner_id == user_id, BulkExport.expires_at > func.now())
        .values(expires_at=func.now())
        .execution_options(synchronize_session=False)
    )
