"""Writing down that the key which wraps the keys of files was exchanged."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action


def record(
    session: Session,
    actor: Actor,
    *,
    file_key: int,
    step: str,
    rewrapped: int = 0,
    dropped: Collection[int] = (),
) -> None:
    """Record a step of an exchange: keys by their numbers, which are no secret."""
    actor.require(Permission.MANAGE_RETENTION)
    audit.record(
        session,
        actor,
        Action.KEYS_ROTATE,
        details={
            "key": file_key,
            "step": step,
            "rewrapped": rewrapped,
            "dropped": sorted(dropped),
        },
    )
