"""Registering and removing apps for patients, by administrators."""

import re
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.user import ApiToken, PatientApp as AppRow
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.people import tokens
from services.people.accounts.particulars import read_name
from services.people.patient_apps.records import SUBJECT, NoSuchApp
from services.people.sign_in import confirmations
from services.people.tokens import ending

MOST_ADDRESSES: Final = 10
#: What an app can be registered for: what patients read themselves.
APP_TYPES: Final = tokens.resource_types_of(Role.PATIENT)
_LONGEST_ADDRESS: Final = 500
# What RFC 3986 allows in an address; nothing that could end a header value or a tag.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]!$&()+=,%]+")
_HOST: Final = re.compile(r"([a-z0-9-]+\.)*[a-z0-9-]+(:[0-9]{1,5})?")
# Not [::1]: localhost reaches that as well.
_LOOPBACK: Final = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]{1,5})?")
# The scheme of an app on a phone is a reversed domain name (RFC 8252, 7.1); that
# excludes the schemes that browsers act on, such as javascript.
_OWN_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


def register(
    session: Session,
    actor: Actor,
    *,
    name: str,
    redirect_uris: Collection[str],
    resource_types: Collection[str],
    session_id: UUID | None,
) -> UUID:
    """Register an app and return its client_id; the caller commits.

    Raises NotConfirmed, InvalidInput, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    confirmations.require_passkey(session, actor, session_id)
    app = AppRow(
        name=read_name(name),
        redirect_uris=_read_addresses(redirect_uris),
        resource_types=tokens.require_types(Role.PATIENT, resource_types),
        registered_by=actor.id,
    )
    session.add(app)
    session.flush()
    _record(
        session,
        actor,
        Action.APP_REGISTER,
        app.id,
        name=app.name,
        addresses=app.redirect_uris,
        scopes=app.resource_types,
    )
    return app.id


def remove(session: Session, actor: Actor, app_id: UUID) -> None:
    """Remove an app and end its tokens, at once and for good.

    The caller commits. Raises NoSuchApp, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    # A token that is being issued waits for this, and is then refused; one issued
    # before is found below.
    removed = session.execute(
        update(AppRow)
        .where(AppRow.id == app_id, AppRow.removed_at.is_(None))
        .values(removed_at=func.now())
        .execution_options(synchronize_session=False)
    )
    if not removed.rowcount:  # type: ignore[attr-defined]
        if session.scalar(select(AppRow.id).where(AppRow.id == app_id)) is None:
            raise NoSuchApp
        return
    ending.revoke_where(session, ApiToken.app_id == app_id)
    _record(session, actor, Action.APP_REMOVE, app_id)


def _read_addresses(typed: Collection[str]) -> list[str]:
    """Return the addresses without duplicates; raises InvalidInput."""
    addresses = list(dict.fromkeys(filter(None, map(str.strip, typed))))
    if not 0 < len(addresses) <= MOST_ADDRESSES:
        raise InvalidInput(
            "redirect_uris",
            Sentence(
                "Enter the app's redirect URIs, at most {most}, one per line.",
                most=MOST_ADDRESSES,
            ),
        )
    for address in addresses:
        _require_address(address)
    return addresses


def _require_address(address: str) -> None:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = None
    if (
        parts is None
        or len(address) > _LONGEST_ADDRESS
        or not _ADDRESS.fullmatch(address)
        or "#" in address
        or not _is_safe(parts.scheme, parts.netloc)
    ):
        raise InvalidInput(
            "redirect_uris",
            "An address must begin with https://, with http://localhost or "
            "http://127.0.0.1 on the app's own machine, or with a scheme of the app's "
            "own such as org.example.app:, and must not contain a user or a #.",
        )


def _is_safe(scheme: str, host: str) -> bool:
    match scheme:
        case "https":
            return _HOST.fullmatch(host) is not None
        case "http":
            return _LOOPBACK.fullmatch(host) is not None
        case _:
            return not host and _OWN_SCHEME.fullmatch(scheme) is not None


def _record(
    session: Session, actor: Actor, action: Action, app_id: UUID, **details: Any
) -> None:
    audit.record(session, actor, action, subject=(SUBJECT, app_id), details=details)
