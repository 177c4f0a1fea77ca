"""Links to one version of a document, for somebody who does not sign in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentShare, DocumentVersion
from db.models.user import User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import PERMISSIONS, Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.documents import records
from services.documents.records.model import QUARANTINED, DocumentRecord, VersionRecord
from services.documents.records.rows.documents import VERSION_COLUMNS, version_of
from services.people.random_tokens import hash_of, new_token

SHORTEST_MINUTES: Final = 5
LONGEST_MINUTES: Final = 7 * 24 * 60
_SUBJECT: Final = "document"
_LIVE: Final[ColumnElement[bool]] = DocumentShare.revoked_at.is_(None) & (
    DocumentShare.expires_at > func.now()
)
_MAY_SHARE: Final = tuple(
    role.value for role in Role if Permission.SHARE_DOCUMENTS in PERMISSIONS[role]
)
# As with tokens: whom their identity provider shut out may be let in again by it, and
# whoever lost a role may get it back.
_IS_OUT: Final[ColumnElement[bool]] = or_(
    User.deactivated_at.is_not(None), User.role.not_in(_MAY_SHARE)
)
_COLUMNS: Final = (
    DocumentShare.id,
    DocumentVersion.document_id,
    DocumentVersion.number,
    DocumentShare.created_by,
    DocumentShare.created_by_name,
    DocumentShare.created_at,
    DocumentShare.expires_at,
    DocumentShare.revoked_at,
    DocumentShare.opened,
    DocumentShare.last_opened_at,
    _LIVE.label("is_live"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a version and its state; nobody knows its secret.

    One that is neither revoked nor expired is not live while its maker may not share
    documents.
    """

    id: UUID
    document_id: UUID
    number: int
    created_by: UUID
    created_by_name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    opened: int
    last_opened_at: datetime | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class NewShare:
    """A link just made, with its secret, which can be had only now."""

    share: Share
    secret: str


@dataclass(frozen=True, slots=True)
class SharedVersion:
    """The version that a link opens, and until when."""

    share_id: UUID
    patient_id: UUID | None
    expires_at: datetime
    version: VersionRecord


class Confidential(Conflict):
    """The document is confidential, so nobody can open it without signing in."""

    def __init__(self) -> None:
        super().__init__(
            "This document is confidential, and anybody with a link could open it. "
            "Hand the document over in person, or change it to not confidential first."
        )


class NoSuchShare(NotFound):
    """The document has no such link, or it is not one of the actor's."""

    def __init__(self) -> None:
        super().__init__("There is no such link to this document.")


def create(
    session: Session,
    actor: Actor,
    document_id: UUID,
    number: int | None,
    *,
    minutes: int,
) -> NewShare:
    """Make a link to a version, by default the latest; the caller commits.

    Raises InvalidInput, NoSuchDocument, Confidential, Quarantined, Damaged, FileGone,
    NotAllowed, also for somebody who was deactivated this very second.
    """
    actor.require(Permission.SHARE_DOCUMENTS)
    _require_still_in(session, actor)
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise InvalidInput("minutes", "A link can last from 5 minutes to 7 days.")
    _keep_in_record(session, document_id)
    document = records.look_up(session, actor, document_id, number=number)
    records.require_served(document.version)
    if document.confidential:
        raise Confidential
    secret = new_token()
    row = DocumentShare(
        version_id=document.version.id,
        token_hash=hash_of(secret),
        created_by=actor.id,
        created_by_name=actor.name,
        expires_at=func.now() + timedelta(minutes=minutes),
    )
    session.add(row)
    session.flush()
    share = _find_share(session, actor, row.id)
    _record(session, actor, Action.SHARE_CREATE, document, share)
    return NewShare(share, secret)


def _keep_in_record(session: Session, document_id: UUID) -> None:
    """Make whoever takes the document out of its record wait, and find the link."""
    with assume_role(session, "system"):
        session.execute(
            select(Document.id)
            .where(Document.id == document_id)
            .with_for_update(read=True)
        )


def list_of(session: Session, actor: Actor, document_id: UUID) -> tuple[Share, ...]:
    """Return the links to a document that the actor may revoke, the newest first.

    Patients see those that they made themselves. Raises NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.SHARE_DOCUMENTS)
    records.look_up(session, actor, document_id)
    of_document = DocumentVersion.document_id == document_id
    newest_first = (DocumentShare.created_at.desc(), DocumentShare.id.desc())
    rows = session.execute(_shares(actor).where(of_document).order_by(*newest_first))
    return _with_makers(session, [Share(*row) for row in rows])


def revoke(
    session: Session, actor: Actor, share_id: UUID, *, document_id: UUID | None = None
) -> Share:
    """Revoke a link; the caller commits.

    A link that no longer works is left as it is. Patients revoke only those that they
    made themselves. Raises NoSuchShare, NotAllowed.
    """
    actor.require(Permission.SHARE_DOCUMENTS)
    share = _find_share(session, actor, share_id)
    if document_id not in (None, share.document_id):
        raise NoSuchShare
    try:
        document = records.look_up(session, actor, share.document_id, even_deleted=True)
    except NotFound as error:
        raise NoSuchShare from error
    revoked = session.scalar(
        update(DocumentShare)
        .where(DocumentShare.id == share_id, _LIVE)
        .values(revoked_at=func.now())
        .returning(DocumentShare.id)
        .execution_options(synchronize_session=False)
    )
    share = _find_share(session, actor, share_id)
    if revoked is not None:
        _record(session, actor, Action.SHARE_REVOKE, document, share)
    return share


def revoke_all(session: Session, actor: Actor, user_id: UUID) -> None:
    """Revoke every link that somebody made; the caller commits. Raises NotAllowed.

    Whoever deactivates people does so without seeing any document.
    """
    actor.require(Permission.MANAGE_USERS)
    with assume_role(session, "system"):
        revoked = session.execute(
            update(DocumentShare)
            .where(DocumentShare.created_by == user_id, _LIVE)
            .where(DocumentVersion.id == DocumentShare.version_id)
            .where(Document.id == DocumentVersion.document_id)
            .values(revoked_at=func.now())
            .returning(
                DocumentShare.id,
                DocumentShare.expires_at,
                DocumentVersion.number,
                Document.id,
                Document.patient_id,
            )
            .execution_options(synchronize_session=False)
        ).all()
    for share_id, expires_at, number, document_id, patient_id in revoked:
        audit.record(
            session,
            actor,
            Action.SHARE_REVOKE,
            patient_id=patient_id,
            subject=(_SUBJECT, document_id),
            details={"version": number, "share": share_id, "expires_at": expires_at},
        )


def find(session: Session, secret: str) -> SharedVersion | None:
    """Return what a link opens; None if it opens nothing, whatever the reason.

    This does not count as an opening: mail programs follow links before readers do.
    """
    row = session.execute(_shared(secret)).one_or_none()
    if row is None:
        return None
    share_id, patient_id, expires_at, *version = row
    return SharedVersion(share_id, patient_id, expires_at, version_of(version))


def open_link(session: Session, secret: str) -> SharedVersion | None:
    """Count an opening and return what to send; None if the link opens nothing.

    The caller commits either way: a failed try of a link is recorded, too.
    """
    shared = find(session, secret)
    if shared is None or not _count(session, shared.share_id):
        _record_refusal(session, secret)
        return None
    audit.record(
        session,
        None,
        Action.SHARE_OPEN,
        patient_id=shared.patient_id,
        subject=(_SUBJECT, shared.version.document_id),
        details={"version": shared.version.number, "share": shared.share_id},
    )
    return shared


def _require_still_in(session: Session, actor: Actor) -> None:
    """Raise NotAllowed for somebody deactivated; block a deactivation until the end.

    A server accepts a sign-in or a token for up to a second after it ended, and a link
    lasts for days: it would outlive `revoke_all`, which ends only the links that it
    finds.
    """
    with assume_role(session, "system"):
        shut_out = session.scalar(
            select(User.deactivated_at)
            .where(User.id == actor.id)
            .with_for_update(read=True, key_share=True)
        )
    if shut_out is not None:
        raise NotAllowed("This sign-in can no longer be used here.")


def _count(session: Session, share_id: UUID) -> bool:
    """Count an opening, unless the link has just been revoked."""
    counted = session.scalar(
        update(DocumentShare)
        .where(DocumentShare.id == share_id, _LIVE)
        .values(opened=DocumentShare.opened + 1, last_opened_at=func.now())
        .returning(DocumentShare.id)
        .execution_options(synchronize_session=False)
    )
    return counted is not None


def _shares(actor: Actor) -> Select[*tuple[Any, ...]]:
    wanted = select(*_COLUMNS).join(
        DocumentVersion, DocumentVersion.id == DocumentShare.version_id
    )
    if actor.role is Role.PATIENT:
        return wanted.where(DocumentShare.created_by == actor.id)
    return wanted


def _find_share(session: Session, actor: Actor, share_id: UUID) -> Share:
    wanted = _shares(actor).where(DocumentShare.id == share_id)
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise NoSuchShare
    (share,) = _with_makers(session, [Share(*row)])
    return share


def _with_makers(session: Session, listed: Sequence[Share]) -> tuple[Share, ...]:
    """Return the links, those not live whose makers may not share documents now."""
    makers = {share.created_by for share in listed if share.is_live}
    # Not everybody who sees the links sees the accounts of their makers.
    with assume_role(session, "system"):
        is_out = select(User.id).where(User.id.in_(makers), _IS_OUT)
        out = set(session.scalars(is_out)) if makers else set()
    return tuple(
        replace(share, is_live=share.is_live and share.created_by not in out)
        for share in listed
    )


def _shared(secret: str) -> Select[*tuple[Any, ...]]:
    maker_is_out = exists().where(User.id == DocumentShare.created_by, _IS_OUT)
    # The policies for the anonymous identity enforce the same of link and document.
    # This is the definition.
    return (
        select(
            DocumentShare.id,
            Document.patient_id,
            DocumentShare.expires_at,
            *VERSION_COLUMNS,
        )
        .join(DocumentVersion, DocumentVersion.id == DocumentShare.version_id)
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(DocumentShare.token_hash == hash_of(secret), _LIVE, ~maker_is_out)
        .where(Document.deleted_at.is_(None), ~Document.confidential)
        .where(DocumentVersion.file_id.is_not(None))
        .where(DocumentVersion.damaged_at.is_(None))
        .where(DocumentVersion.scan.not_in(QUARANTINED))
    )


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    document: DocumentRecord,
    share: Share,
) -> None:
    records.record_event(
        session,
        actor,
        action,
        document,
        version=share.number,
        share=share.id,
        expires_at=share.expires_at,
    )


def _record_refusal(session: Session, secret: str) -> None:
    share_id = session.scalar(
        select(DocumentShare.id).where(DocumentShare.token_hash == hash_of(secret))
    )
    audit.record(
        session,
        None,
        Action.SHARE_OPEN,
        outcome="refused",
        details={"share": share_id} if share_id else {},
    )
