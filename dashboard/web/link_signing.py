"""The address of a link to a document."""

from api.documents.shares import SHARED_PATH
from dashboard.web.installation_key import derive, signing_key
from dashboard.web.public_address import public_address
from db.settings import Settings
from services.documents.sharing.links import LinkSigner
from services.documents.sharing.shares import NewShare


def signer_of(key: str) -> LinkSigner:
    """Return what signs the links of the installation that has this key."""
    return LinkSigner(derive(key, "shares"))


def link_of(settings: Settings, new: NewShare) -> str:
    """Return the address that opens the version, to be told this once."""
    token = signer_of(signing_key(settings)).sign(new.secret)
    return f"{public_address(settings)}{SHARED_PATH}/{token}"
