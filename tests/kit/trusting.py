"""The certificate authorities that httpx trusts, read once per test run.

Every client, and every call without one, would read all of them again: 20 ms of
processor time, thousands of times where a test polls a server until it answers.
"""

import os
import ssl
from collections.abc import Callable
from typing import Any

from httpx._transports import default

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def read_authorities_once() -> None:
    """Share one context among all clients that name no authorities of their own."""
    default.create_ssl_context = _once(default.create_ssl_context)


def _once(create: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
    read: list[ssl.SSLContext] = []

    def shared(
        verify: Any = True, cert: Any = None, trust_env: bool = True
    ) -> ssl.SSLContext:
        if verify is not True or cert or any(map(os.environ.get, _VARIABLES)):
            return create(verify=verify, cert=cert, trust_env=trust_env)
        if not read:
            read.append(create())
        return read[0]

    return shared
