"""Ends everything that lets somebody in without signing in."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import Session

from db.models.care import BulkExport
from db.models.user import ApiToken


def end_tokens(session: Session, user_id: UUID) -> None:
    """Revoke the live tokens of a person or a program; the caller commits.

    They also lose what was exported with them, as in `end_exports`.
    """
    revoke_where(
        session,
        ApiToken.user_id == user_id,
        ApiToken.expires_at.is_(None) | (ApiToken.expires_at > func.now()),
    )
    end_exports(session, user_id)


def revoke_where(session: Session, *which: ColumnElement[bool]) -> Sequence[UUID]:
    """Revoke the tokens that match, and return those that were not revoked yet.

    The caller ends what was exported with them, and commits.
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
    """Stop the exports of a person or a program, and make their files inaccessible.

    The files are deleted within ten minutes, like those of exports whose day is over.
    The caller commits.
    """
    session.execute(
        update(BulkExport)
        .where(BulkExport.owner_id == user_id, BulkExport.expires_at > func.now())
        .values(expires_at=func.now())
        .execution_options(synchronize_session=False)
    )
