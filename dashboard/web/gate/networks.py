"""Networks of clients, by which limits are counted."""

from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

from starlette.requests import HTTPConnection

_NETWORK_BITS: Final = 64


def network_of(connection: HTTPConnection) -> str:
    """Return the network whose limits a request counts towards.

    Of an IPv6 address the first half: a household, or an attacker, chooses the rest.
    """
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _NETWORK_BITS), strict=False))
