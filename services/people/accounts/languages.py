"""In which language somebody is spoken to, on pages and in e-mails."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core import audit
from services.core.actors import Actor, languages_for
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound


def choose_language(session: Session, actor: Actor, language: str) -> None:
    """Keep the language that somebody chose for themselves; the caller commits.

    Raises InvalidInput for one that is not offered to their role, and NotFound for
    whoever may not act any more.
    """
    offered = languages_for(actor.role)
    if language not in offered:
        raise InvalidInput("language", "Choose one of the languages that are offered.")
    if len(offered) == 1:
        # Nobody has said anything by it.
        return
    user = session.scalar(
        select(User).where(User.id == actor.id, User.deactivated_at.is_(None))
    )
    if user is None:
        raise NotFound("Nobody with this sign-in may act here. Sign in again.")
    if user.language == language:
        return
    changed = {"language": [user.language, language]}
    user.language = language
    session.flush()
    audit.record(
        session,
        actor,
        Action.USER_CHOOSE_LANGUAGE,
        subject=("user", user.id),
        details={"changed": changed},
    )
