"""Rows of what people ask the worker for: of each kind, one is open at a time."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.integrity import WorkerRequest

_Row = TypeVar("_Row", bound=WorkerRequest)


def add(session: Session, kind: type[_Row], **values: Any) -> _Row | None:
    """Add an open row and return it; None if one is open already."""
    new = insert(kind).values(values).on_conflict_do_nothing()
    return session.scalar(new.returning(kind))


def newest(session: Session, kind: type[_Row]) -> _Row | None:
    """Return the row that was asked for last, ended or not."""
    latest = select(kind).order_by(kind.requested_at.desc(), kind.id.desc())
    return session.scalar(latest.limit(1))


def unended(session: Session, kind: type[_Row]) -> _Row | None:
    """Return the row that has not ended, if any."""
    return session.scalar(select(kind).where(kind.ended_at.is_(None)))


def begin(session: Session, kind: type[_Row], row_id: UUID) -> None:
    """Record that the worker is at it."""
    session.execute(update(kind).where(kind.id == row_id).values(begun_at=func.now()))
