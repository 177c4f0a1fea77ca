"""What an erasure leaves of the patient's own sign-in: an id that once acted."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Booking
from db.models.document import Document, DocumentReader, DocumentShare, DocumentVersion
from db.models.user import (
    ApiToken,
    AuthorizationCode,
    Ceremony,
    Invitation,
    LoginCode,
    Passkey,
    User,
    UserIdentity,
    UserSession,
)
from db.models.view import StoredCriteria

_NAME: Final = "Erased patient"
# Credentials, codes and links of a sign-in that nobody will use again.
_PROOFS: Final = (
    ApiToken,
    AuthorizationCode,
    Ceremony,
    DocumentReader,
    Invitation,
    LoginCode,
    Passkey,
    UserIdentity,
    UserSession,
)


def forget(session: Session, ids: Sequence[UUID]) -> None:
    """Remove name and address from the sign-ins of these patients, and end them."""
    users = session.scalars(select(User.id).where(User.patient_id.in_(ids))).all()
    if not users:
        return
    for proof in _PROOFS:
        session.execute(delete(proof).where(proof.user_id.in_(users)))
    # Their searches of their own documents, which have keys of their own.
    session.execute(
        delete(StoredCriteria).where(
            StoredCriteria.created_by.in_(users), StoredCriteria.subject == "documents"
        )
    )
    _forget_names(session, users)
    session.execute(
        update(User)
        .where(User.id.in_(users))
        .values(
            name=_NAME,
            email=None,
            phone_number=None,
            deactivated_at=func.coalesce(User.deactivated_at, func.now()),
        )
    )


def _forget_names(session: Session, users: Sequence[UUID]) -> None:
    """Replace their names where they filed, booked or shared something."""
    for author, name in (
        (Booking.created_by, Booking.created_by_name),
        (Document.created_by, Document.created_by_name),
        (DocumentVersion.author_id, DocumentVersion.author_name),
        (DocumentShare.created_by, DocumentShare.created_by_name),
    ):
        session.execute(
            update(author.class_).where(author.in_(users)).values({name: _NAME})
        )
