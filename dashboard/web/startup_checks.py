"""Reasons for which Chartroom refuses to start."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from db.auth_settings import THIS_MACHINE
from db.files.file_keys import FileKeys
from db.mongo.exposure import FIXED_IN, find_exposed
from db.server_versions import dotted
from db.settings import Settings

# Values from examples and tutorials; a setting left at one is not a secret.
_PLACEHOLDERS: Final = frozenset(
    {
        *("admin", "change-me", "change_me", "changeit", "changeme", "chartroom"),
        *("default", "example", "mongo", "mongodb", "pass", "password", "placeholder"),
        *("postgres", "secret", "test", "todo", "xxx", "your-password"),
    }
)
# Of the shortest keys, 32 random hexadecimal digits, one in 25 million has fewer.
_FEWEST_CHARACTERS: Final = 8


class CannotServe(Exception):
    """Chartroom may not start like this; the message says what to do."""


def require_sign_in(settings: Settings) -> None:
    """Raise CannotServe, except in the demo, unless people can prove who they are."""
    if settings.is_demo:
        return
    if settings.smtp_url is None and settings.oidc_issuer is None:
        raise CannotServe(
            "Nobody could sign in: set CHARTROOM_SMTP_URL and CHARTROOM_MAIL_FROM for "
            "one-time codes by e-mail, or CHARTROOM_OIDC_ISSUER for your clinic's own "
            "identity provider. To try Chartroom out without real patients, set "
            "CHARTROOM_DEMO=true."
        )
    if settings.public_url is None and not _is_for_this_machine(settings):
        raise CannotServe(
            "Set CHARTROOM_PUBLIC_URL to how browsers reach Chartroom, such as "
            "https://chartroom.example.org: links in letters lead there."
        )
    if weak := sorted(set(_placeholders(settings))):
        raise CannotServe(
            f"{' and '.join(weak)} still {'holds' if len(weak) == 1 else 'hold'} a "
            "placeholder instead of a secret. Make one with: "
            'python -c "import secrets; print(secrets.token_hex(32))"'
        )


def require_file_keys(settings: Settings) -> None:
    """Raise CannotServe or UnusableFileKeys unless files can be encrypted durably."""
    if settings.file_keys_file is None and not (
        settings.is_embedded or settings.is_demo
    ):
        raise CannotServe(
            "Set CHARTROOM_FILE_KEYS_FILE to the file with the keys that encrypt "
            "documents and photos, the same on every server; make one with: "
            "python -m dashboard new-file-keys /etc/chartroom/file.keys"
        )
    FileKeys.of(settings).require()


def require_safe_mongo(settings: Settings) -> None:
    """Raise CannotServe if strangers can read the memory of a configured MongoDB.

    A server that does not answer now is not judged.
    """
    if settings.is_embedded or settings.allow_vulnerable_mongo:
        return
    for name, url in (
        ("CHARTROOM_MONGO_URL", settings.mongo_url),
        ("CHARTROOM_AUDIT_MONGO_URL", settings.audit_mongo_url),
    ):
        for server in find_exposed(url) if url else ():
            raise CannotServe(
                f"{name} leads to {server.address}, a MongoDB {server.version} that "
                "takes messages compressed with zlib: whoever reaches it can read its "
                "memory without signing in (CVE-2025-14847). Give it version "
                f"{_fixed_versions()} or newer, or start it with "
                "--networkMessageCompressors=disabled. Only where nobody else can "
                "reach it, set CHARTROOM_ALLOW_VULNERABLE_MONGO=true instead."
            )


def _fixed_versions() -> str:
    return ", ".join(dotted(version) for version in FIXED_IN)


def _is_for_this_machine(settings: Settings) -> bool:
    return settings.is_embedded and settings.host in THIS_MACHINE


def _placeholders(settings: Settings) -> Iterator[str]:
    """Yield the settings that hold a placeholder; their values are never shown."""
    for name, url in _addresses(settings):
        password = urlsplit(url).password
        if password is not None and unquote(password).lower() in _PLACEHOLDERS:
            yield name
    for name, secret in (
        ("CHARTROOM_SECRET_KEY", settings.secret_key),
        ("CHARTROOM_SMS_TOKEN", settings.sms_token),
        ("CHARTROOM_OIDC_CLIENT_SECRET", settings.oidc_client_secret),
    ):
        if secret is not None and _is_placeholder(secret.get_secret_value()):
            yield name


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, url in (
        ("CHARTROOM_DATABASE_URL", settings.database_url),
        ("CHARTROOM_OWNER_URL", settings.owner_url),
        ("CHARTROOM_MAIN_URL", settings.main_url),
        ("CHARTROOM_MONGO_URL", settings.mongo_url),
        ("CHARTROOM_AUDIT_MONGO_URL", settings.audit_mongo_url),
        (
            "CHARTROOM_SMTP_URL",
            settings.smtp_url and settings.smtp_url.get_secret_value(),
        ),
    ):
        if url:
            yield name, url
    for url in settings.replica_urls.values():
        yield "CHARTROOM_REPLICA_URLS", url


def _is_placeholder(secret: str) -> bool:
    lowered = secret.lower()
    return lowered in _PLACEHOLDERS or len(set(lowered)) < _FEWEST_CHARACTERS


def require_address(host: str, port: int) -> None:
    """Raise CannotServe unless a server can listen there now."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotServe(
            f"Chartroom cannot listen on {host}, port {port} ({reason}): choose "
            "another with --port or --host, or stop the program that listens there."
        ) from error


def require_folder(folder: Path) -> None:
    """Raise CannotServe unless a server can make its socket in this folder."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotServe(
            f"Chartroom cannot listen in {folder}: choose a folder for --socket that "
            "is there and that you may write to."
        )
