"""Who acts with a token."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from db.models.user import ApiToken, ConnectedSystem, PatientApp, User
from services.core.actors import Actor, Role, Scope
from services.people.random_tokens import hash_of
from services.people.tokens.exports import SystemExports
from services.people.tokens.records import is_live, read_scopes
from services.people.tokens.resource_scopes import ResourceScopes, read_resource_scopes

# Often enough to see what is still in use, seldom enough to cost nothing.
_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """The actor of a token, and whether its use still has to be recorded.

    The token of a connected system or an app reads by FHIR, and no more than
    `resource_scopes` allow. A system exports all of that for its `export_purpose`, only
    of its groups if it is held to these, and nothing without a purpose. `app` is the
    name of the app that reads for a patient.
    """

    token_id: UUID
    actor: Actor
    is_to_be_noted: bool
    resource_scopes: ResourceScopes | None
    export_purpose: str | None
    app: str | None
    is_limited_to_groups: bool

    @property
    def counted_as(self) -> UUID:
        """Whose calls these are; systems and apps get new tokens time and again."""
        return self.token_id if self.resource_scopes is None else self.actor.id


def find(session: Session, token: str) -> Bearer | None:
    """Return the bearer of this token; None if it is unknown, expired or revoked."""
    used = func.coalesce(ApiToken.last_used_at < func.now() - _NOTED_EVERY, True)
    row = session.execute(
        select(
            ApiToken.id.label("token_id"),
            ApiToken.scopes,
            used.label("is_to_be_noted"),
            User.id,
            User.name,
            User.role,
            User.patient_id,
            ConnectedSystem.export_purpose,
            ConnectedSystem.exports,
            PatientApp.name.label("app"),
        )
        .join(User, ApiToken.user_id == User.id)
        .outerjoin(ConnectedSystem, ConnectedSystem.id == User.id)
        .outerjoin(PatientApp, PatientApp.id == ApiToken.app_id)
        .where(ApiToken.token_hash == hash_of(token), is_live())
    ).one_or_none()
    if row is None:
        return None
    resource_scopes = read_resource_scopes(row.scopes or ())
    may_export = resource_scopes and row.exports != SystemExports.NOTHING
    purpose = row.export_purpose if may_export else None
    scopes = read_scopes(row.scopes)
    if scopes is not None and purpose and resource_scopes and resource_scopes.exported:
        scopes |= {Scope.EXPORT_PATIENTS}
    actor = Actor(row.id, row.name, Role(row.role), row.patient_id, scopes)
    return Bearer(
        row.token_id,
        actor,
        row.is_to_be_noted,
        resource_scopes,
        purpose,
        row.app,
        is_limited_to_groups=row.exports == SystemExports.GROUPS,
    )


def note_use(session: Session, bearer: Bearer) -> None:
    """Record that the token is in use; the caller commits."""
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == bearer.token_id,
            # Concurrent requests find the same old time; the first one writes.
            or_(
                ApiToken.last_used_at.is_(None),
                ApiToken.last_used_at < func.now() - _NOTED_EVERY,
            ),
        )
        .values(last_used_at=func.now())
        .execution_options(synchronize_session=False)
    )
    if bearer.resource_scopes is not None and bearer.app is None:
        session.execute(
            update(ConnectedSystem)
            .where(ConnectedSystem.id == bearer.actor.id)
            .values(called_at=func.now())
            .execution_options(synchronize_session=False)
        )
