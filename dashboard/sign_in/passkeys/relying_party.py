"""The name under which passkeys know this Chartroom."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from dashboard.sign_in.sign_in_context import SignInContext
from services.people.sign_in.passkey_answers import RelyingParty


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Passkeys do not work where the browser is, but perhaps at this address."""

    address: str | None


def party_of(context: SignInContext, request: Request) -> RelyingParty | Elsewhere:
    """Return the relying party that passkeys are bound to here.

    Browsers bind them to a host name, never to an IP address, and state the page's
    origin themselves: a name that somebody else pointed here does not match.
    """
    here = f"{request.url.scheme}://{request.headers.get('host', '')}".lower()
    origin = context.settings.public_url or here
    if origin != here:
        return Elsewhere(f"{origin}{request.url.path}")
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if not _is_number(host):
        return RelyingParty(host, origin)
    if not ip_address(host).is_loopback:
        return Elsewhere(None)
    port = f":{parts.port}" if parts.port else ""
    return Elsewhere(f"{parts.scheme}://localhost{port}{request.url.path}")


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
