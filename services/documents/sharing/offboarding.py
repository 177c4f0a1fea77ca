"""How somebody who leaves is shut out of everything at once."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.documents.sharing import shares
from services.people import accounts


def deactivate(session: Session, actor: Actor, user_id: UUID) -> None:
    """Shut somebody out at once, with all their sign-ins, links and tokens.

    What they shared by links opens no more. The caller commits. Raises OwnSignIn,
    LastAdmin, NotFound, NotAllowed. No fresh confirmation is asked for: shutting out
    may be urgent, and it can be undone.
    """
    accounts.deactivate_sign_in(session, actor, user_id)
    # Whoever made a link may have kept it.
    shares.revoke_all(session, actor, user_id)
