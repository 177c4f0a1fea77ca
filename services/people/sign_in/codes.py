"""One-time codes: six digits for an address, good for five minutes in one browser."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models.user import LoginCode
from services.core import audit
from services.core.audit import Action
from services.people import accounts
from services.people.accounts import Addressee

DIGITS: Final = 6
LIFETIME: Final = timedelta(minutes=5)
TRIES: Final = 5

_SALT_BYTES: Final = 16
_USER: Final = "user"


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Who asks: an address, the browser's own secret, and the server's key.

    The key is what keeps a stolen table from being searched for its million codes.
    """

    email: str
    browser: str
    key: str

    @property
    def address(self) -> str:
        """The address as limits and the audit log know it: nobody can read it back."""
        said = f"address\0{self.email.strip().casefold()}"
        return hmac.new(self.key.encode(), said.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What a try came to: whose code it was, or how many tries are left."""

    user_id: UUID | None
    tries_left: int


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def hash_code(key: str, salt: bytes, bound_to: str, code: str) -> bytes:
    """Return what is kept of a code, which holds for this browser or request only."""
    said = b"\0".join((salt, bound_to.encode(), code.encode()))
    return hmac.new(key.encode(), said, hashlib.sha256).digest()


def ask(
    session: Session, code_request: CodeRequest, code: str, *, is_demo: bool
) -> Addressee | None:
    """Keep the code for the address; return whom to send it to, the caller commits.

    None for an address that nobody may sign in with, which leaves the same traces. The
    demo's people are somebody in the demo only: everybody knows their addresses.
    """
    addressee = accounts.find_by_email(session, code_request.email)
    if addressee is not None and addressee.is_demo and not is_demo:
        addressee = None
    salt = secrets.token_bytes(_SALT_BYTES)
    session.add(
        LoginCode(
            user_id=addressee.id if addressee else None,
            browser_hash=_browser_hash(code_request),
            salt=salt,
            code_hash=hash_code(code_request.key, salt, code_request.browser, code),
            expires_at=func.now() + LIFETIME,
        )
    )
    session.flush()
    audit.record(
        session,
        None,
        Action.CODE_REQUEST,
        subject=(_USER, addressee.id) if addressee else None,
        details={"address": code_request.address},
    )
    return addressee


def check(session: Session, code_request: CodeRequest, code: str) -> CodeCheck:
    """Try a code; one that holds is used up. The caller commits, also a wrong try."""
    # Locked until the caller commits: of two requests with the same code, the second
    # finds it used, and no burst of requests has more than its five tries.
    kept = session.scalar(
        select(LoginCode)
        .where(LoginCode.browser_hash == _browser_hash(code_request))
        .order_by(LoginCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if kept is None or not _is_open(kept, session):
        _record_failure(session, code_request, kept)
        return CodeCheck(None, 0)
    kept.tries += 1
    expected = hash_code(code_request.key, kept.salt, code_request.browser, code)
    is_right = hmac.compare_digest(kept.code_hash, expected)
    if is_right and kept.user_id is not None:
        kept.used_at = func.now()
        session.flush()
        return CodeCheck(kept.user_id, 0)
    session.flush()
    _record_failure(session, code_request, kept)
    return CodeCheck(None, TRIES - kept.tries)


def forget(session: Session, expired_before: datetime) -> None:
    """Delete codes that no longer hold; the caller commits."""
    session.execute(delete(LoginCode).where(LoginCode.expires_at < expired_before))


def _is_open(kept: LoginCode, session: Session) -> bool:
    now = session.scalars(select(func.clock_timestamp())).one()
    return kept.used_at is None and kept.tries < TRIES and now < kept.expires_at


def _record_failure(
    session: Session, code_request: CodeRequest, kept: LoginCode | None
) -> None:
    user_id = kept.user_id if kept else None
    audit.record(
        session,
        None,
        Action.SESSION_START,
        subject=(_USER, user_id) if user_id else None,
        outcome="failed",
        details={"method": "code", "address": code_request.address},
    )


def _browser_hash(code_request: CodeRequest) -> bytes:
    """Hash without salt or stretching: the cookie's random bits cannot be guessed."""
    return hashlib.sha256(code_request.browser.encode()).digest()
