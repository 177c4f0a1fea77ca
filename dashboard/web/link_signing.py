"""Links that admit people who do not sign in: to a document, to a visit."""

from dashboard.web.installation_key import derive, signing_key
from dashboard.web.public_address import public_address
from db.settings import Settings
from services.documents.sharing.links import SHARED_PATH, LinkSigner
from services.documents.sharing.shares import NewShare


def signer_of(key: str) -> LinkSigner:
    """Return the signer of links for the installation that has this key."""
    return LinkSigner(derive(key, "shares"))


def visit_links_of(key: str) -> LinkSigner:
    """Return the signer of links for people who booked and are no patients yet."""
    return LinkSigner(derive(key, "visits"))


def link_of(settings: Settings, new: NewShare) -> str:
    """Return the address that opens the version; it can be shown only this once."""
    token = signer_of(signing_key(settings)).sign(new.secret)
    return f"{public_address(settings)}{SHARED_PATH}/{token}"
