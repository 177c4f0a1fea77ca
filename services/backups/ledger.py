"""What the audit log knows of the time between then and now, which has to be kept.

Going back brings back the rows of an earlier time. What law and safety require is kept
nevertheless: purged remains purged, erased remains erased, and what was taken from
somebody remains taken.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentShare
from db.models.patient import Patient
from db.models.user import ApiToken, User
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.documents.retention import HoldPlaced
from services.people.accounts.revocations import Revocations

_DONE: Final = "done"
# A transaction has the time when it began, and servers' clocks differ a little.
_DOUBT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CallSince:
    """A phone call to a patient about a visit: by whom, when, and with what outcome."""

    by: UUID
    at: datetime
    outcome: str


@dataclass(slots=True)
class Since:
    """What happened after a time, by ids; `events` are those that the log has.

    `dashboards` are mails that were sent, by subscription and person; `crossings` are
    count alerts that were told, and `crossing_mails` those that were mailed. In
    `calls`, those that were taken back are None.
    """

    events: set[UUID] = field(default_factory=set)
    purged: set[UUID] = field(default_factory=set)
    erased: set[UUID] = field(default_factory=set)
    deactivated: set[UUID] = field(default_factory=set)
    roles: dict[UUID, str] = field(default_factory=dict)
    passkeys: set[UUID] = field(default_factory=set)
    without_passkeys: set[UUID] = field(default_factory=set)
    identities: set[tuple[UUID, str]] = field(default_factory=set)
    tokens: set[UUID] = field(default_factory=set)
    apps: set[UUID] = field(default_factory=set)
    links: set[UUID] = field(default_factory=set)
    holds: dict[UUID, HoldPlaced] = field(default_factory=dict)
    sent: dict[UUID, datetime] = field(default_factory=dict)
    calls: dict[UUID, CallSince | None] = field(default_factory=dict)
    dashboards: Counter[tuple[UUID, UUID]] = field(default_factory=Counter)
    crossings: dict[UUID, datetime] = field(default_factory=dict)
    crossing_mails: set[UUID] = field(default_factory=set)

    @property
    def revocations(self) -> Revocations:
        """What was taken from people."""
        return Revocations(
            self.deactivated,
            self.roles,
            self.passkeys,
            self.without_passkeys,
            self.identities,
            self.tokens,
            self.apps,
        )

    @property
    def counts(self) -> dict[str, int]:
        """The number of each, for the audit log."""
        return {
            "purged": len(self.purged),
            "erased": len(self.erased),
            "deactivated": len(self.deactivated),
            "revoked": sum(
                map(len, (self.tokens, self.links, self.passkeys, self.apps))
            ),
            "holds": len(self.holds),
        }


def read_since(entries: Iterable[Mapping[str, Any]]) -> Since:
    """Read entries of the audit log, in the order in which the chain keeps them."""
    since = Since()
    for entry in entries:
        since.events.add(UUID(entry["event"]))
        if entry["outcome"] == _DONE:
            _note(since, entry)
    return since


def list_brought_back(session: Session, since: Since) -> list[UUID]:
    """Return what exists as before, although it was purged, erased or taken since."""
    return [
        each
        for column, taken_at, ids in (
            (Document.id, Document.purged_at, since.purged),
            (Patient.id, Patient.erased_at, since.erased),
            (User.id, User.deactivated_at, since.deactivated),
            (ApiToken.id, ApiToken.revoked_at, since.tokens),
            (DocumentShare.id, DocumentShare.revoked_at, since.links),
        )
        for each in session.scalars(
            select(column).where(column.in_(ids), taken_at.is_(None)).order_by(column)
        )
    ]


def list_forgotten(session: Session, since: datetime) -> tuple[list[UUID], list[UUID]]:
    """Return the documents that were purged since, and the patients that were erased.

    They are read from the live rows: the audit log may be some seconds behind.
    """
    since -= _DOUBT
    purged = select(Document.id).where(Document.purged_at >= since)
    erased = select(Patient.id).where(Patient.erased_at >= since)
    return list(session.scalars(purged)), list(session.scalars(erased))


def record_going_back(
    session: Session,
    actor: Actor,
    reason: str,
    since: Since,
    *,
    to: datetime,
    set_id: str,
    is_complete: bool,
) -> None:
    """Record that the rows went back, on whose order and why; the caller commits.

    Raises NotAllowed.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    about = {"to": to.astimezone(UTC), "set": set_id, "complete": is_complete}
    audit.record(
        session,
        actor,
        Action.BACKUP_GO_BACK,
        reason=reason,
        details={**about, **since.counts},
    )


def _note(since: Since, entry: Mapping[str, Any]) -> None:
    action = entry["action"]
    details: Mapping[str, Any] = json.loads(entry["details"])
    if action == Action.PATIENT_ERASE:
        since.erased.add(UUID(entry["patient_id"]))
    elif action == Action.SHARE_REVOKE:
        since.links.add(UUID(details["share"]))
    elif (subject := _id_of(entry["subject_id"])) is not None:
        _note_subject(since, entry, subject, details)


def _note_subject(
    since: Since, entry: Mapping[str, Any], subject: UUID, details: Mapping[str, Any]
) -> None:
    match entry["action"]:
        case Action.DOCUMENT_PURGE:
            since.purged.add(subject)
        case Action.DOCUMENT_HOLD:
            because, by = entry["reason"] or "", UUID(entry["actor_id"])
            since.holds[subject] = HoldPlaced(subject, entry["at"], by, because)
        case Action.DOCUMENT_RELEASE:
            since.holds.pop(subject, None)
        case Action.NOTIFICATION_SEND:
            since.sent[subject] = entry["at"]
        case Action.VISIT_PHONE:
            called = UUID(entry["actor_id"]), entry["at"], details["outcome"]
            since.calls[subject] = CallSince(*called)
        case Action.VISIT_UNDO_PHONE:
            # Even for an earlier call: nobody may believe that the patient was
            # reminded.
            since.calls[subject] = None
        case Action.SUBSCRIPTION_SEND:
            since.dashboards[subject, UUID(details["person"])] += 1
        case Action.COUNT_ALERT_TELL:
            since.crossings[subject] = entry["at"]
        case Action.COUNT_ALERT_SEND:
            since.crossing_mails.add(subject)
        case _:
            _note_person(since, entry["action"], subject, details)


def _note_person(
    since: Since, action: str, subject: UUID, details: Mapping[str, Any]
) -> None:
    match action:
        case Action.USER_DEACTIVATE:
            since.deactivated.add(subject)
        case (
            Action.SYSTEM_SWITCH_OFF
            | Action.SYSTEM_CHANGE
            | Action.SYSTEM_WITHDRAW_GROUP
        ):
            # Even if it was switched on again: its keys, scopes and groups of that time
            # may be those that were taken from it, so an administrator has to look
            # first.
            since.deactivated.add(subject)
        case Action.USER_REACTIVATE:
            since.deactivated.discard(subject)
        case Action.USER_CHANGE_ROLE:
            since.roles[subject] = details["changed"]["role"][1]
        case Action.USER_RESET_PASSKEYS:
            since.without_passkeys.add(subject)
        case Action.PASSKEY_REMOVE:
            since.passkeys.add(subject)
        case Action.IDENTITY_UNLINK:
            since.identities.add((subject, details["issuer"]))
        case Action.TOKEN_REVOKE:
            since.tokens.add(subject)
        case Action.APP_REMOVE:
            since.apps.add(subject)
        case _:
            pass


def _id_of(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
