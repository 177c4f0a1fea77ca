"""The audit log: who did what to whom, written in the transaction that did it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import groupby
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from services.core.actors import Actor
from services.core.errors import ServiceError

Outcome = Literal["done", "refused", "failed"]


class Action(StrEnum):
    """The closed vocabulary of the audit log: `subject:verb`."""

    SESSION_START = "session:start"
    SESSION_END = "session:end"
    SESSION_CONFIRM = "session:confirm"
    CODE_REQUEST = "code:request"
    PASSKEY_ADD = "passkey:add"
    PASSKEY_REMOVE = "passkey:remove"
    IDENTITY_LINK = "identity:link"
    IDENTITY_UNLINK = "identity:unlink"
    USER_INVITE = "user:invite"
    USER_CHANGE_ROLE = "user:change-role"
    USER_CHANGE = "user:change"
    USER_CHOOSE_LANGUAGE = "user:choose-language"
    USER_CHOOSE_DISPLAY = "user:choose-display"
    USER_DEACTIVATE = "user:deactivate"
    USER_REACTIVATE = "user:reactivate"
    USER_RESET_PASSKEYS = "user:reset-passkeys"
    TOKEN_ISSUE = "token:issue"  # noqa: S105 (a name, no secret)
    TOKEN_REVOKE = "token:revoke"  # noqa: S105
    SYSTEM_REGISTER = "system:register"
    SYSTEM_CHANGE = "system:change"
    SYSTEM_SWITCH_OFF = "system:switch-off"
    SYSTEM_SWITCH_ON = "system:switch-on"
    SYSTEM_GRANT_GROUP = "system:grant-group"
    SYSTEM_WITHDRAW_GROUP = "system:withdraw-group"
    APP_REGISTER = "app:register"
    APP_REMOVE = "app:remove"
    APP_ALLOW = "app:allow"
    PATIENT_REGISTER = "patient:register"
    PATIENT_READ = "patient:read"
    PATIENT_PRINT = "patient:print"
    PATIENT_PRINT_LABELS = "patient:print-labels"
    PATIENT_LIST = "patient:list"
    PATIENT_COUNT = "patient:count"
    PATIENT_CHANGE = "patient:change"
    PATIENT_CHANGE_OWN = "patient:change-own"
    PATIENT_ARCHIVE = "patient:archive"
    PATIENT_RESTORE = "patient:restore"
    PATIENT_ERASE = "patient:erase"
    PATIENT_POSTPONE_ERASURE = "patient:postpone-erasure"
    PATIENT_MERGE = "patient:merge"
    PATIENT_EXPORT = "patient:export"
    PATIENT_EXPORT_IDENTIFIED = "patient:export-identified"
    EXPORT_BEGIN = "export:begin"
    EXPORT_MAKE = "export:make"
    EXPORT_DOWNLOAD = "export:download"
    EXPORT_DELETE = "export:delete"
    EXPORT_EXPIRE = "export:expire"
    PATIENT_FIND_DUPLICATES = "patient:find-duplicates"
    PATIENT_IMPORT = "patient:import"
    REGISTRATION_CHANGE = "registration:change"
    PHOTO_READ = "photo:read"
    PHOTO_CHANGE = "photo:change"
    PHOTO_REMOVE = "photo:remove"
    PHOTO_DAMAGED = "photo:damaged"
    DOCUMENT_FILE = "document:file"
    DOCUMENT_ADD_VERSION = "document:add-version"
    DOCUMENT_LIST = "document:list"
    DOCUMENT_COUNT = "document:count"
    DOCUMENT_READ = "document:read"
    DOCUMENT_VIEW = "document:view"
    DOCUMENT_PRINT = "document:print"
    DOCUMENT_DOWNLOAD = "document:download"
    DOCUMENT_COMPARE = "document:compare"
    DOCUMENT_CHANGE = "document:change"
    DOCUMENT_DELETE = "document:delete"
    DOCUMENT_RESTORE = "document:restore"
    DOCUMENT_RESTORE_VERSION = "document:restore-version"
    DOCUMENT_HOLD = "document:hold"
    DOCUMENT_RELEASE = "document:release"
    DOCUMENT_PURGE = "document:purge"
    DOCUMENT_SCAN = "document:scan"
    DOCUMENT_RECOGNISE = "document:recognise"
    DOCUMENT_DAMAGED = "document:damaged"
    DOCUMENT_ASSIGN = "document:assign"
    DOCUMENT_FINISH = "document:finish"
    DOCUMENT_REOPEN = "document:reopen"
    UPLOAD_BEGIN = "upload:begin"
    UPLOAD_RECEIVE = "upload:receive"
    UPLOAD_CANCEL = "upload:cancel"
    UPLOAD_EXPIRE = "upload:expire"
    SHARE_CREATE = "share:create"
    SHARE_REVOKE = "share:revoke"
    SHARE_OPEN = "share:open"
    TAG_ADD = "tag:add"
    TAG_CHANGE = "tag:change"
    TAG_DELETE = "tag:delete"
    FIELD_ADD = "field:add"
    FIELD_CHANGE = "field:change"
    FIELD_ARCHIVE = "field:archive"
    FIELD_RESTORE = "field:restore"
    RETENTION_READ = "retention:read"
    RETENTION_CHANGE = "retention:change"
    FILE_SWEEP = "file:sweep"
    KEYS_ROTATE = "keys:rotate"
    BACKUP_TAKE = "backup:take"
    BACKUP_PROVE = "backup:prove"
    BACKUP_DRILL = "backup:drill"
    BACKUP_REQUEST = "backup:request"
    BACKUP_REMOVE = "backup:remove"
    BACKUP_PREVIEW = "backup:preview"
    BACKUP_READ_PREVIEW = "backup:read-preview"
    BACKUP_OPEN_LOOK = "backup:open-look"
    BACKUP_CLOSE_LOOK = "backup:close-look"
    BACKUP_MAKE_KIT = "backup:make-kit"
    BACKUP_PROVE_KIT = "backup:prove-kit"
    BACKUP_REPORT = "backup:report"
    BACKUP_SEND_REPORT = "backup:send-report"
    BACKUP_REQUEST_GO_BACK = "backup:request-go-back"
    BACKUP_GO_BACK = "backup:go-back"
    COHORT_COUNT = "cohort:count"
    QUERY_RUN = "query:run"
    DASHBOARD_SAVE = "dashboard:save"
    DASHBOARD_CHANGE = "dashboard:change"
    DASHBOARD_SHARE = "dashboard:share"
    DASHBOARD_DELETE = "dashboard:delete"
    DASHBOARD_PRINT = "dashboard:print"
    SUBSCRIPTION_ADD = "subscription:add"
    SUBSCRIPTION_CHANGE = "subscription:change"
    SUBSCRIPTION_STOP = "subscription:stop"
    SUBSCRIPTION_RESUME = "subscription:resume"
    SUBSCRIPTION_SEND_NOW = "subscription:send-now"
    SUBSCRIPTION_SEND = "subscription:send"
    SUBSCRIPTION_LEAVE = "subscription:leave"
    SUBSCRIPTION_DELETE = "subscription:delete"
    COUNT_ALERT_ADD = "watch:add"
    COUNT_ALERT_CHANGE = "watch:change"
    COUNT_ALERT_TELL = "watch:tell"
    COUNT_ALERT_SEND = "watch:send"
    COUNT_ALERT_DELETE = "watch:delete"
    VIEW_SAVE = "view:save"
    VIEW_RENAME = "view:rename"
    VIEW_SHARE = "view:share"
    VIEW_DELETE = "view:delete"
    VIEW_CHOOSE_COLUMNS = "view:choose-columns"
    CARE_ASSIGN = "care:assign"
    CARE_END = "care:end"
    GLASS_SEARCH = "glass:search"
    GLASS_BREAK = "glass:break"
    GLASS_REVIEW = "glass:review"
    DOCTOR_ADD = "doctor:add"
    DOCTOR_CHANGE = "doctor:change"
    SCHEDULE_READ = "schedule:read"
    SCHEDULE_CHANGE = "schedule:change"
    SLOT_ADD = "slot:add"
    SLOT_WITHDRAW = "slot:withdraw"
    BOOKING_HOLD = "booking:hold"
    BOOKING_LOSE = "booking:lose"
    BOOKING_RENEW = "booking:renew"
    BOOKING_CONFIRM = "booking:confirm"
    BOOKING_MOVE = "booking:move"
    BOOKING_CANCEL = "booking:cancel"
    BOOKING_EXPIRE = "booking:expire"
    BOOKING_READ = "booking:read"
    BOOKING_PROVE = "booking:prove"
    WAITLIST_READ = "waitlist:read"
    WAITLIST_JOIN = "waitlist:join"
    WAITLIST_LEAVE = "waitlist:leave"
    WAITLIST_OFFER = "waitlist:offer"
    NOTIFICATION_SEND = "letter:send"
    NOTIFICATION_READ = "letter:read"
    USER_NOTIFICATION_MARK = "notification:mark-read"
    NEWCOMER_HOLD = "newcomer:hold"
    NEWCOMER_LOSE = "newcomer:lose"
    NEWCOMER_CONFIRM = "newcomer:confirm"
    NEWCOMER_MOVE = "newcomer:move"
    NEWCOMER_CANCEL = "newcomer:cancel"
    NEWCOMER_EXPIRE = "newcomer:expire"
    NEWCOMER_LIST = "newcomer:list"
    NEWCOMER_REGISTER = "newcomer:register"
    NEWCOMER_FORGET = "newcomer:forget"
    VISIT_LIST = "visit:list"
    VISIT_READ = "visit:read"
    VISIT_CHECK_IN = "visit:check-in"
    VISIT_UNDO_CHECK_IN = "visit:undo-check-in"
    VISIT_CALL_IN = "visit:call-in"
    VISIT_UNDO_CALL_IN = "visit:undo-call-in"
    VISIT_REOPEN = "visit:reopen"
    VISIT_COMPLETE = "visit:complete"
    VISIT_MISS = "visit:miss"
    VISIT_PHONE = "visit:phone"
    VISIT_UNDO_PHONE = "visit:undo-phone"
    RECORD_READ = "record:read"
    RECORD_SAVE = "record:save"
    PRESCRIPTION_ISSUE = "prescription:issue"
    PRESCRIPTION_AMEND = "prescription:amend"
    PRESCRIPTION_WITHDRAW = "prescription:withdraw"
    PRESCRIPTION_ADD_SCAN = "prescription:add-scan"
    PRESCRIPTION_READ = "prescription:read"
    PRESCRIPTION_DOWNLOAD = "prescription:download"
    PRESCRIPTION_DAMAGED = "prescription:damaged"
    CODES_IMPORT = "codes:import"
    CODES_CHOOSE = "codes:choose"
    STATISTICS_READ = "statistics:read"
    ACCESS_REFUSE = "access:refuse"
    LIMIT_REACH = "limit:reach"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    AUDIT_VERIFY = "audit:verify"
    AUDIT_CORRECT = "audit:correct"
    AUDIT_REPLACE_KEY = "audit:replace-key"
    REPLICATION_READ = "replication:read"
    CLUSTER_SWITCHOVER = "cluster:switchover"
    CLUSTER_FAILOVER = "cluster:failover"
    CLUSTER_REJOIN = "cluster:rejoin"
    CLUSTER_REINIT = "cluster:reinit"
    CLUSTER_RESTART = "cluster:restart"
    CLUSTER_PAUSE = "cluster:pause"
    CLUSTER_RESUME = "cluster:resume"
    CLUSTER_SETTINGS = "cluster:settings"
    CLUSTER_ADD_REPLICA = "cluster:add-replica"
    CLUSTER_REMOVE_REPLICA = "cluster:remove-replica"
    CLUSTER_PAUSE_REPLAY = "cluster:pause-replay"
    CLUSTER_INVITE_SITE = "cluster:invite-site"
    CLUSTER_FORGET_SITE = "cluster:forget-site"
    CLUSTER_PROMOTE_SITE = "cluster:promote-site"
    DRILL_RUN = "drill:run"
    DRILL_PLAN = "drill:plan"
    ALERT_CHANGE_RULE = "alert:change-rule"
    ALERT_ACKNOWLEDGE = "alert:acknowledge"
    POINT_IN_TIME_READ = "past:read"
    POINT_IN_TIME_COPY_DOCUMENT = "past:copy-document"
    POINT_IN_TIME_COPY_VISIT = "past:copy-visit"
    POINT_IN_TIME_COPY = "past:copy"


class Unrecorded(RuntimeError):
    """A session that cannot write has no caller that writes its events elsewhere.

    Only a mistake in our own code raises it: read through
    `services.core.actor_database`.
    """


class _Dataclass(Protocol):
    """A dataclass instance."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class AuditSubject(Protocol):
    """The subject of audit events: each event has its id and, if any, its patient."""

    @property
    def id(self) -> object:
        """The id among things of its kind."""

    @property
    def patient_id(self) -> UUID | None:
        """The patient whose it is, if any."""


S = TypeVar("S", bound=AuditSubject)
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an action comes from: its request, session and network address.

    `app` is the name of the app by which a patient acts, if it is one.
    """

    request_id: str | None = None
    session_id: UUID | None = None
    network: str | None = None
    app: str | None = None


_NOWHERE: Final = Origin()
_origin: Final[ContextVar[Origin]] = ContextVar("audit_origin", default=_NOWHERE)
_WAITING: Final = "audit events of a session that only reads"
# The INSERT has no RETURNING: whoever writes an event may not read any.
_INSERT: Final = insert(AuditEvent.__table__).inline()  # type: ignore[arg-type]


@contextmanager
def with_origin(origin: Origin) -> Iterator[None]:
    """Give everything that is recorded inside this origin."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def record(
    session: Session,
    actor: Actor | None,
    action: Action,
    *,
    patient_id: UUID | None = None,
    subject: tuple[str, object] | None = None,
    reason: str | None = None,
    outcome: Outcome = "done",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an event in the session's transaction.

    An event without an actor was caused by somebody unknown, as with a failed sign-in,
    or by Chartroom itself; the two can be told apart because what came in a request has
    an origin. A session that reads from a replica cannot write: its events wait in
    `collecting_events` for whoever opened the session, who has them written on the
    primary before the answer is returned.
    """
    event = event_of(
        actor,
        action,
        patient_id=patient_id,
        subject=subject,
        reason=reason,
        outcome=outcome,
        details=details,
    )
    if "served" not in session.info:
        write_events(session, [event])
    elif _WAITING in session.info:
        session.info[_WAITING].append(event)
    else:
        raise Unrecorded(f"{action} on a session that only reads")


def event_of(
    actor: Actor | None,
    action: Action,
    *,
    patient_id: UUID | None = None,
    subject: tuple[str, object] | None = None,
    reason: str | None = None,
    outcome: Outcome = "done",
    details: Mapping[str, Any] | None = None,
) -> Event:
    """Return an event as it is kept, for callers that write it together with others."""
    origin = _origin.get()
    by = {} if origin.app is None else {"app": origin.app}
    return {
        "action": action.value,
        "outcome": outcome,
        "actor_id": actor.id if actor else None,
        "actor_role": actor.role.value if actor else None,
        "session_id": origin.session_id,
        "request_id": origin.request_id,
        "network": origin.network,
        "patient_id": patient_id,
        "subject_kind": subject[0] if subject else None,
        "subject_id": str(subject[1]) if subject else None,
        "reason": reason,
        "details": to_jsonable_python({**(details or {}), **by}),
    }


@contextmanager
def recording_outcome(
    session: Session,
    actor: Actor,
    action: Action,
    *,
    details: Mapping[str, Any],
) -> Iterator[None]:
    """Write an event as `record` does, or as failed if what is done inside is refused.

    A refusal rolls back what the transaction has recorded, and yet the refusal itself
    may answer the question: so it carries the event to whoever opened the session.
    """
    record(session, actor, action, details=details)
    try:
        yield
    except ServiceError as refusal:
        failed = event_of(actor, action, outcome="failed", details=details)
        refusal.failed_events = (*refusal.failed_events, failed)
        raise


@dataclass(frozen=True, slots=True)
class Recorder(Generic[S]):
    """Records what is done with things of one kind; each call writes one event.

    `facts` returns the details that every event has about the thing as it is now.
    """

    kind: str
    facts: Callable[[S], Mapping[str, object]]

    def __call__(
        self,
        session: Session,
        actor: Actor | None,
        action: Action,
        subject: S,
        *,
        reason: str | None = None,
        is_failed: bool = False,
        **details: object,
    ) -> None:
        """Write one event, as `record` does, with these details added."""
        record(
            session,
            actor,
            action,
            patient_id=subject.patient_id,
            subject=(self.kind, subject.id),
            reason=reason,
            outcome="failed" if is_failed else "done",
            details={**self.facts(subject), **details},
        )


def record_patient(
    session: Session,
    actor: Actor,
    action: Action,
    patient_id: UUID,
    version: int,
    **details: object,
) -> None:
    """Record what was done with one version of a patient's record."""
    details = {"version": version, **details}
    record(session, actor, action, patient_id=patient_id, details=details)


def document_change(
    version: int, revision: int, changed: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Return the details of a changed document; `changed` as `differences` returns it.

    The values of what is not to be in the log are left out.
    """
    return {"version": version, "revision": revision, "changed": changed}


def differences(before: _Dataclass | None, after: _Dataclass) -> dict[str, list[Any]]:
    """Return the fields that changed, each with its value before and after.

    If there was nothing before, return the fields that are not empty.
    """
    changed = {}
    for field in fields(after):
        old = getattr(before, field.name) if before is not None else None
        new = getattr(after, field.name)
        if old != new and (before is not None or new):
            changed[field.name] = [old, new]
    return changed


@contextmanager
def collecting_events(session: Session) -> Iterator[list[Event]]:
    """Yield the list in which the events of a reading session wait."""
    events: list[Event] = []
    session.info[_WAITING] = events
    try:
        yield events
    finally:
        del session.info[_WAITING]


def events_of(operation: Callable[[Session], None]) -> list[Event]:
    """Return the events of an operation that does nothing but record."""
    # The session has no database and counts as reading, so its events wait.
    with (
        Session(info={"served": None}) as session,
        collecting_events(session) as events,
    ):
        operation(session)
        return events


def write_events(session: Session, events: Sequence[Event]) -> None:
    """Write events in the session's transaction, in their order."""
    # Only events from the spool have a time: somebody who is signed in may not set one.
    # Events in a row with the same fields share a statement.
    for _, alike in groupby(events, tuple):
        session.execute(_INSERT, list(alike))
