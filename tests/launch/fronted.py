"""Browsers of a Chartroom with several web processes, and the process of each."""

import hmac
import sys
from hashlib import sha256

import httpx
import pytest

from db.json_http import machine_trust
from tests.kit.waiting import eventually
from tests.launch.launcher import Launcher

needs_caddy = pytest.mark.skipif(
    sys.platform != "linux", reason="Caddy comes for Linux."
)
NAMES = ("web-1", "web-2")
FRONT_COOKIE = "chartroom_server"


def browser_at(launcher: Launcher) -> httpx.Client:
    """Return a new browser."""
    own = {"Origin": launcher.address}
    return httpx.Client(
        base_url=launcher.address, headers=own, verify=machine_trust(), timeout=30
    )


def await_all(launcher: Launcher) -> None:
    """Wait until every web process listens: the first one starts before the others."""
    sockets = [launcher.data / "run" / f"{name}.sock" for name in NAMES]
    eventually(lambda: all(path.exists() for path in sockets))


def name_of(browser: httpx.Client) -> str:
    """Return the name of the web process that serves a browser."""
    cookie = browser.cookies[FRONT_COOKIE]
    return next(n for n in NAMES if cookie == digest_of(n))


def digest_of(name: str) -> str:
    """Return Caddy's name for a web process in its cookie, without a secret."""
    return hmac.new(b"", f"unix/{name}.sock".encode(), sha256).hexdigest()
