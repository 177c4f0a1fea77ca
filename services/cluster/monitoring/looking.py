"""Who looks at the servers that keep the records."""

from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action


def record_look(session: Session, actor: Actor) -> None:
    """Write down that the actor looks at the servers; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    audit.record(session, actor, Action.REPLICATION_READ)
