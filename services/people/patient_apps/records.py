"""What is known of apps for patients."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import PatientApp as AppRow
from services.core.actors import Actor, Permission
from services.core.errors import NotFound
from services.people import tokens
from services.people.tokens import ResourceScopes

SUBJECT: Final = "app"


@dataclass(frozen=True, slots=True)
class PatientApp:
    """An app that may ask patients; its id is its client_id, and it has no secret.

    It is redirected only to its `redirect_uris`, and reads at most `resource_types`.
    """

    id: UUID
    name: str
    redirect_uris: tuple[str, ...]
    resource_types: tuple[str, ...]
    created_at: datetime
    token_issued_at: datetime | None

    def scopes_of(self, wanted: str) -> ResourceScopes | None:
        """Return those of the wanted scopes that it may have; None for none."""
        return tokens.grant_to_app(wanted, self.resource_types)


class NoSuchApp(NotFound):
    """No app with the id is registered, or it was removed."""

    def __init__(self) -> None:
        super().__init__("There is no such app; look for the name in the list.")


def list_apps(session: Session, actor: Actor) -> tuple[PatientApp, ...]:
    """Return the registered apps by name; raises NotAllowed."""
    actor.require(Permission.MANAGE_TOKENS)
    by_name = (
        select(AppRow)
        .where(AppRow.removed_at.is_(None))
        .order_by(func.lower(AppRow.name), AppRow.id)
    )
    return tuple(map(_app_of, session.scalars(by_name)))


def find_app(session: Session, app_id: UUID) -> PatientApp | None:
    """Return the registered app with this id, for any caller; else None."""
    row = session.scalar(
        select(AppRow).where(AppRow.id == app_id, AppRow.removed_at.is_(None))
    )
    return None if row is None else _app_of(row)


def _app_of(row: AppRow) -> PatientApp:
    return PatientApp(
        row.id,
        row.name,
        tuple(row.redirect_uris),
        tuple(row.resource_types),
        row.created_at,
        row.token_issued_at,
    )
