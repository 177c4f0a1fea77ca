"""How somebody who leaves loses all access at once."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.documents.sharing import shares
from services.people import accounts


def deactivate(session: Session, actor: Actor, user_id: UUID) -> None:
    """Deactivate somebody at once, with all their sign-ins, links and tokens.

    Links by which they shared documents stop working. The caller commits. Raises
    OwnSignIn, LastAdmin, NotFound, NotAllowed. No fresh confirmation is required: a
    deactivation may be urgent, and it can be undone.
    """
    accounts.deactivate_sign_in(session, actor, user_id)
    # Whoever made a link may have kept it.
    shares.revoke_all(session, actor, user_id)
