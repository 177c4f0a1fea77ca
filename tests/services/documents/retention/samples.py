"""Documents whose retention is over, or nearly, for tests of keeping them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, update

from db.models.document import Document, RetentionRule
from services.core.actors import Role
from services.documents import retention
from services.documents.records.kinds import Classification
from tests.services.documents.records.samples import file


def make_rules_old(session):
    """Make the rules as old as those of a clinic that has had them for long."""
    session.execute(
        update(RetentionRule).values(updated_at=func.now() - timedelta(days=365))
    )


def date_back(session, document, **days: float) -> None:
    """Move times of a document, such as `updated_at`, this many days into the past."""
    values: dict[str, Any] = {
        name: func.now() - timedelta(days=count) for name, count in days.items()
    }
    session.execute(update(Document).where(Document.id == document.id).values(values))


def filed_long_ago(session, actor, *, days: float, **facts):
    """File a document that was last changed this many days ago."""
    facts.setdefault("classification", Classification.TEMPORARY)
    document = file(session, actor, **facts)
    date_back(session, document, updated_at=days, created_at=days)
    return document


def row_of(session, document) -> Document:
    """Return the document's current row."""
    session.expire_all()
    return session.get_one(Document, document.id)


def is_purged(session, document) -> bool:
    """Return whether a tombstone is all that is left."""
    return row_of(session, document).purged_at is not None


def rule_of(session, classification: Classification) -> retention.RetentionPeriod:
    """Return the rule of a class."""
    rules = retention.list_rules(session)
    return next(rule for rule in rules if rule.classification is classification)


NOT_ADMINS = [role for role in Role if role is not Role.ADMIN]
