"""The retention rules: how long each class of documents is kept, and changing that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.document import RetentionRule
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput, RuleChanged
from services.core.sentences import Sentence
from services.documents.records.kinds import Classification
from services.documents.retention.dates import LONGEST_DAYS, LONGEST_RESTORE_DAYS
from services.people.sign_in import confirmations

SUBJECT: Final = "retention"


@dataclass(frozen=True, slots=True)
class RetentionPeriod:
    """For how many days documents of a class are kept after their last change.

    `restore_days` is for how many days a deleted one can be restored.
    """

    classification: Classification
    keep_days: int
    restore_days: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Said:
    """The parts of a rule that can change, as the audit log has them."""

    keep_days: int
    restore_days: int


def list_rules(session: Session) -> tuple[RetentionPeriod, ...]:
    """Return the rule of every class, in the order of the classes."""
    rows = session.execute(
        select(
            RetentionRule.classification,
            RetentionRule.keep_days,
            RetentionRule.restore_days,
            RetentionRule.updated_at,
        )
    )
    rules = {row[0]: RetentionPeriod(Classification(row[0]), *row[1:]) for row in rows}
    return tuple(
        rules[classification]
        for classification in Classification
        if classification in rules
    )


def change_rule(
    session: Session,
    actor: Actor,
    seen: RetentionPeriod,
    *,
    keep_days: int,
    restore_days: int,
    session_id: UUID | None,
) -> None:
    """Keep a class for another time than `seen` has; the caller commits.

    The change takes effect a week later. Raises NotConfirmed, InvalidInput,
    RuleChanged and NotAllowed.
    """
    actor.require(Permission.MANAGE_RETENTION)
    confirmations.require_passkey(session, actor, session_id)
    _require_possible(keep_days, restore_days)
    before = _Said(seen.keep_days, seen.restore_days)
    changes = audit.differences(before, _Said(keep_days, restore_days))
    if not changes:
        return
    changed = session.execute(
        update(RetentionRule)
        .where(
            RetentionRule.classification == seen.classification,
            RetentionRule.updated_at == seen.updated_at,
        )
        .values(
            keep_days=keep_days,
            restore_days=restore_days,
            updated_by=actor.id,
            updated_at=func.now(),
        )
        .returning(RetentionRule.classification)
    ).all()
    if not changed:
        raise RuleChanged
    audit.record(
        session,
        actor,
        Action.RETENTION_CHANGE,
        subject=(SUBJECT, seen.classification),
        details={"changed": changes},
    )


def _require_possible(keep_days: int, restore_days: int) -> None:
    if not 1 <= keep_days <= LONGEST_DAYS:
        words = Sentence(
            "Documents can be kept for 1 to {most:,} days; enter a number in this "
            "range.",
            most=LONGEST_DAYS,
        )
        raise InvalidInput("keep_days", words)
    if not 1 <= restore_days <= LONGEST_RESTORE_DAYS:
        words = Sentence(
            "Restoring can be allowed for 1 to {most:,} days; enter a number in this "
            "range.",
            most=LONGEST_RESTORE_DAYS,
        )
        raise InvalidInput("restore_days", words)
