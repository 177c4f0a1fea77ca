"""Fetches public keys from the address that an administrator has given for them.

Whoever names the address decides where this server sends requests: so only by https,
never to private networks, with limits of time and size, and without redirects.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlsplit

import httpx

from db.json_http import machine_trust
from services.core.errors import InvalidInput

_CONNECT_SECONDS: Final = 5.0
_WHOLE_SECONDS: Final = 10.0
_LONGEST_URL: Final = 500
_OK: Final = 200
# NAT64 addresses, which a gateway turns into any IPv4 address.
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[Address]]


class KeysUnavailable(Exception):
    """The keys cannot be fetched; the text says why, without the address."""


def read_jwks_url(typed: str, own_hosts: Collection[str]) -> str:
    """Return the address as it is stored, or raise InvalidInput.

    `own_hosts` are hosts of the clinic's own network: they may answer by http.
    """
    url = typed.strip()
    try:
        parts = urlsplit(url)
        # Reading the port validates it.
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or len(url) > _LONGEST_URL or not (url.isascii() and url.isprintable()):
        raise InvalidInput(
            "jwks_url", "Enter the address of the keys: https://ehr.example.org/jwks."
        )
    if parts.username or parts.password or parts.fragment:
        raise InvalidInput(
            "jwks_url", "The address of the keys has no user, password or fragment."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and host in own_hosts):
        raise InvalidInput(
            "jwks_url",
            "Keys are fetched over https:// only. Hosts on the clinic's own network "
            "can be listed in CHARTROOM_JWKS_HOSTS.",
        )
    return url


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host; raises KeysUnavailable."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise KeysUnavailable("The host of the keys has no address.") from error
    return [
        ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries
    ]


def is_public(address: Address) -> bool:
    """Return whether an address is public, even if it is IPv4 in an IPv6 form."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def fetch_keys(
    url: str, own_hosts: Collection[str], *, most: int, resolve: Resolve = resolve
) -> bytes:
    """Return the content at the address, or raise KeysUnavailable.

    The name is resolved once and the connection goes to that address, so that it cannot
    lead elsewhere a moment later; the certificate must still match the name.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_own = host in own_hosts
    if parts.scheme != "https" and not is_own:
        raise KeysUnavailable("The keys are not fetched by http.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = resolve(host, port)
    # All of them: if one is private, nobody knows which one is meant.
    if not addresses or not (is_own or all(map(is_public, addresses))):
        raise KeysUnavailable("The host of the keys is on a private network.")
    try:
        return _fetch(httpx.URL(url).copy_with(host=str(addresses[0])), host, most)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise KeysUnavailable("The host of the keys does not answer.") from error


def _fetch(url: httpx.URL, host: str, most: int) -> bytes:
    until = time.monotonic() + _WHOLE_SECONDS
    named = f"[{host}]" if ":" in host else host
    headers = {
        "Host": named if url.port is None else f"{named}:{url.port}",
        "Accept": "application/jwk-set+json, application/json",
        # Compressed content may be far longer than what is sent.
        "Accept-Encoding": "identity",
    }
    with (
        # A proxy would resolve the name again, and reach whatever it can.
        httpx.Client(
            trust_env=False, timeout=_CONNECT_SECONDS, verify=machine_trust()
        ) as client,
        client.stream(
            "GET", url, headers=headers, extensions={"sni_hostname": host}
        ) as answer,
    ):
        if answer.status_code != _OK:
            raise KeysUnavailable("The host of the keys answers with another status.")
        content = bytearray()
        for chunk in answer.iter_raw():
            content += chunk
            if len(content) > most:
                raise KeysUnavailable("What is at that address is too long.")
            if time.monotonic() > until:
                raise KeysUnavailable("The host of the keys takes too long.")
    return bytes(content)
