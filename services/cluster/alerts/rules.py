"""The rules of alerts, and how administrators change them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.auth_settings import THIS_MACHINE
from db.models.replication import AlertRule
from services.cluster.alerts.records import AlertKind, RuleDraft, RuleRevision
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput, RuleChanged
from services.core.sentences import Sentence

SUBJECT: Final = "alert rule"
# What the migrations write for a new clinic, and what applies until an administrator
# changes it: begin over, for how long; end at or under, for how long. In seconds; in
# bytes of log that a slot retains; as the used share of a disk; as counts.
FIRST_RULES: Final[Mapping[AlertKind, RuleDraft]] = {
    AlertKind.LAG: RuleDraft(True, 10, 30, 2, 30),
    AlertKind.REPLICA_GONE: RuleDraft(True, 0, 30, 0, 10),
    AlertKind.SLOT_RETAINS: RuleDraft(True, 2e9, 60, 1e9, 60),
    AlertKind.NO_QUORUM: RuleDraft(True, 0, 15, 0, 10),
    AlertKind.DISK: RuleDraft(True, 0.9, 60, 0.85, 60),
    AlertKind.CLOCK_SKEW: RuleDraft(True, 1, 60, 0.5, 60),
    AlertKind.CONFLICT: RuleDraft(True, 0, 0, 0, 300),
    AlertKind.BACKUP_TOO_OLD: RuleDraft(True, 93_600, 300, 93_600, 0),
    AlertKind.ERROR_BUDGET: RuleDraft(True, 14.4, 0, 6, 60),
    AlertKind.BACKUP_FAILED: RuleDraft(True, 0, 0, 0, 0),
    AlertKind.ARCHIVE_BEHIND: RuleDraft(True, 60, 60, 30, 30),
    AlertKind.KEY_KIT_OLD: RuleDraft(True, 86_400, 0, 0, 0),
    AlertKind.RESTORE_UNPROVEN: RuleDraft(True, 691_200, 0, 691_200, 0),
    AlertKind.BACKUP_COPY_BEHIND: RuleDraft(True, 900, 60, 300, 60),
    AlertKind.BACKUP_DAMAGED: RuleDraft(True, 0, 120, 0, 60),
    AlertKind.BACKUP_FOLDER_SILENT: RuleDraft(True, 60, 0, 0, 0),
}
_MOST_SECONDS: Final = 86_400.0
_MOST_ADDRESSES: Final = 20
_LONGEST_URL: Final = 500


_WRONG_SPANS: Final = {
    "for_seconds": Sentence("An alert can begin after 0 to 86400 seconds."),
    "clear_seconds": Sentence("An alert can end after 0 to 86400 seconds."),
}


def list_rules(session: Session, actor: Actor) -> tuple[RuleRevision, ...]:
    """Return the rule of every kind; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    return every_rule(session)


def every_rule(session: Session) -> tuple[RuleRevision, ...]:
    """Return the rule of every kind; for the background."""
    rows = {row.kind: row for row in session.scalars(select(AlertRule))}
    return tuple(_rule(rows[kind]) for kind in AlertKind if kind in rows)


def change_rule(
    session: Session,
    actor: Actor,
    kind: AlertKind,
    change: RuleDraft,
    *,
    revision: int,
) -> RuleRevision:
    """Change the rule that was seen with this revision; the caller commits.

    Raises NotAllowed, InvalidInput and RuleChanged.
    """
    actor.require(Permission.MANAGE_ALERTS)
    wanted = _checked(kind, change)
    row = session.scalar(
        select(AlertRule).where(AlertRule.kind == kind).with_for_update()
    )
    if row is None or row.revision != revision:
        raise RuleChanged
    before = _draft_of(row)
    if before == wanted:
        return _rule(row)
    values: dict[str, Any] = {
        name: getattr(wanted, name) for name in RuleDraft.__dataclass_fields__
    }
    values["mail_to"] = list(wanted.mail_to)
    session.execute(
        update(AlertRule)
        .where(AlertRule.kind == kind)
        .values(
            **values,
            updated_at=func.now(),
            updated_by=actor.id,
            revision=AlertRule.revision + 1,
        )
    )
    audit.record(
        session,
        actor,
        Action.ALERT_CHANGE_RULE,
        subject=(SUBJECT, kind),
        details={"changed": audit.differences(_masked(before), _masked(wanted))},
    )
    session.refresh(row)
    return _rule(row)


def is_webhook(url: str) -> bool:
    """Return whether messages may go there: encrypted, or to this machine itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    is_here = parts.scheme == "http" and host in THIS_MACHINE
    return bool(host) and (parts.scheme == "https" or is_here)


def _checked(kind: AlertKind, change: RuleDraft) -> RuleDraft:
    _require_sensible_bars(kind, change)
    _require_sensible_spans(change)
    url = (change.webhook_url or "").strip() or None
    if url is not None and len(url) > _LONGEST_URL:
        raise InvalidInput(
            "webhook_url",
            Sentence(
                "A webhook can have at most {most} characters.", most=_LONGEST_URL
            ),
        )
    if url is not None and not is_webhook(url):
        raise InvalidInput(
            "webhook_url",
            "A webhook must be an address that begins with https://. Correct it, or "
            "leave it empty.",
        )
    draft = {name: getattr(change, name) for name in RuleDraft.__dataclass_fields__}
    return RuleDraft(
        **draft | {"mail_to": _addresses(change.mail_to), "webhook_url": url}
    )


def _require_sensible_bars(kind: AlertKind, change: RuleDraft) -> None:
    # The messages quote no numbers: people type thresholds in units unknown to
    # services.
    for name in ("threshold", "clear_threshold"):
        if not 0 <= getattr(change, name) < math.inf:
            raise InvalidInput(name, "The thresholds of an alert must be 0 or more.")
    if change.clear_threshold > change.threshold:
        raise InvalidInput(
            "clear_threshold",
            "An alert must end at or below the threshold over which it begins. Choose "
            "a lower number to end at, or a higher one to begin over.",
        )
    if kind is AlertKind.DISK and change.threshold >= 1:
        raise InvalidInput(
            "threshold",
            "No disk can be more than 100% full, so this alert would never begin. "
            "Choose a lower number to begin over.",
        )


def _require_sensible_spans(change: RuleDraft) -> None:
    for name, wrong in _WRONG_SPANS.items():
        if not 0 <= getattr(change, name) <= _MOST_SECONDS:
            raise InvalidInput(name, wrong)


def _masked(draft: RuleDraft) -> RuleDraft:
    """Return what the audit log may keep: a webhook's path is its password."""
    host = urlsplit(draft.webhook_url).hostname if draft.webhook_url else None
    return replace(draft, webhook_url=host)


def _addresses(typed: tuple[str, ...]) -> tuple[str, ...]:
    addresses: dict[str, None] = {}
    for line in filter(None, (line.strip() for line in typed)):
        try:
            address = validate_email(line, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise InvalidInput(
                "mail_to",
                Sentence(
                    "{line} is not an e-mail address. Correct or remove it; write "
                    "each address on its own line.",
                    line=line,
                ),
            ) from error
        addresses[address] = None
    if len(addresses) > _MOST_ADDRESSES:
        raise InvalidInput(
            "mail_to", Sentence("Type at most {most} addresses.", most=_MOST_ADDRESSES)
        )
    return tuple(addresses)


def _draft_of(row: AlertRule) -> RuleDraft:
    return RuleDraft(
        row.is_active,
        row.threshold,
        row.for_seconds,
        row.clear_threshold,
        row.clear_seconds,
        tuple(row.mail_to),
        row.webhook_url,
    )


def _rule(row: AlertRule) -> RuleRevision:
    return RuleRevision(
        **asdict(_draft_of(row)),
        kind=AlertKind(row.kind),
        updated_at=row.updated_at,
        revision=row.revision,
    )
