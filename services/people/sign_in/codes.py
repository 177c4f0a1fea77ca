"""One-time codes: six digits for an address, valid for five minutes in one browser.

Each may be tried `TRIES` times; how often somebody may ask for one, and try in all, is
limited in `services.core.throttling`.
"""

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
from services.people.accounts.particulars import spelt_as_kept

DIGITS: Final = 6
LIFETIME: Final = timedelta(minutes=5)
TRIES: Final = 5

_SALT_BYTES: Final = 16
_USER: Final = "user"


def address_digest(email: str, key: str) -> str:
    """Return an address as limits, cookies and the audit log know it: a keyed hash."""
    said = f"address\0{spelt_as_kept(email).casefold()}"
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Who asks: an address, the browser's own secret, and the server's key.

    The key prevents the million possible codes from being tried against a stolen table.
    """

    email: str
    browser: str
    key: str

    @property
    def address(self) -> str:
        """The address as a digest, for limits and the audit log."""
        return address_digest(self.email, self.key)


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What a code is for: how it is found again, what it is bound to, the key.

    `browser_hash` is stored as it is, `bound_to` only in the hash of the code.
    """

    browser_hash: bytes
    bound_to: str
    key: str


@dataclass(frozen=True, slots=True)
class RefusedCode:
    """The result of a try with a code that is wrong, or no longer valid.

    A code without tries left `was_tried_too_often`, or it is expired or used.
    """

    tries_left: int = 0
    was_tried_too_often: bool = False


@dataclass(frozen=True, slots=True)
class CodeTry:
    """Whose code was tried, and how it was refused unless it was right."""

    user_id: UUID | None
    refused: RefusedCode | None = None


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def read_code(typed: str) -> str | None:
    """Return the digits of a code, however they are grouped; None if it is no code."""
    code = "".join(typed.replace("-", " ").split())
    is_code = len(code) == DIGITS and code.isascii() and code.isdigit()
    return code if is_code else None


def hash_code(key: str, salt: bytes, bound_to: str, code: str) -> bytes:
    """Return the hash of a code, which is valid only for this browser or request."""
    said = b"\0".join((salt, bound_to.encode(), code.encode()))
    return hmac.new(key.encode(), said, hashlib.sha256).digest()


def ask(
    session: Session, code_request: CodeRequest, code: str, *, is_demo: bool
) -> Addressee | None:
    """Store a code for the address; return whom to send it to, the caller commits.

    None for an address that nobody may sign in with, which leaves the same traces. The
    demo's people exist in the demo only: everybody knows their addresses.
    """
    addressee = accounts.find_by_email(session, code_request.email)
    if addressee is not None and addressee.is_demo and not is_demo:
        addressee = None
    keep(session, _use(code_request), code, addressee.id if addressee else None)
    audit.record(
        session,
        None,
        Action.CODE_REQUEST,
        subject=(_USER, addressee.id) if addressee else None,
        details={"address": code_request.address},
    )
    return addressee


def check(session: Session, code_request: CodeRequest, code: str) -> UUID | RefusedCode:
    """Try a code and use up a right one, which is returned as the id of its user.

    The caller commits, also a wrong try.
    """
    tried = try_code(session, _use(code_request), code)
    user_id, refused = tried.user_id, tried.refused
    if user_id and not refused and _is_still_theirs(session, user_id, code_request):
        return user_id
    _record_failure(session, code_request, user_id)
    return refused or RefusedCode()


def keep(session: Session, use: CodeUse, code: str, user_id: UUID | None) -> None:
    """Store a code, in the role `door`; without a user, it is nobody's code.

    The caller commits.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    session.add(
        LoginCode(
            user_id=user_id,
            browser_hash=use.browser_hash,
            salt=salt,
            code_hash=hash_code(use.key, salt, use.bound_to, code),
            expires_at=func.now() + LIFETIME,
        )
    )
    session.flush()


def try_code(session: Session, use: CodeUse, code: str) -> CodeTry:
    """Try the newest code, in the role `door`, and use up a right one.

    Nobody's code is never right. The caller commits, even after a wrong try.
    """
    # Locked until the caller commits: of two requests with the same code, the second
    # finds it used, and concurrent requests together have no more than its five tries.
    kept = session.scalar(
        select(LoginCode)
        .where(LoginCode.browser_hash == use.browser_hash)
        .order_by(LoginCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if kept is None:
        return CodeTry(None, RefusedCode())
    if not _is_open(kept, session):
        is_used_up = kept.used_at is None and kept.tries >= TRIES
        return CodeTry(kept.user_id, RefusedCode(was_tried_too_often=is_used_up))
    kept.tries += 1
    expected = hash_code(use.key, kept.salt, use.bound_to, code)
    is_right = hmac.compare_digest(kept.code_hash, expected)
    if is_right and kept.user_id is not None:
        kept.used_at = func.now()
        session.flush()
        return CodeTry(kept.user_id)
    session.flush()
    tries_left = TRIES - kept.tries
    return CodeTry(kept.user_id, RefusedCode(tries_left, tries_left == 0))


def forget(session: Session, expired_before: datetime) -> None:
    """Delete expired codes; the caller commits."""
    session.execute(delete(LoginCode).where(LoginCode.expires_at < expired_before))


def _is_open(kept: LoginCode, session: Session) -> bool:
    now = session.scalars(select(func.clock_timestamp())).one()
    return kept.used_at is None and kept.tries < TRIES and now < kept.expires_at


def _is_still_theirs(
    session: Session, user_id: UUID, code_request: CodeRequest
) -> bool:
    """Return whether they still sign in with the address that the code was sent to.

    It may have been corrected since, because somebody else reads it.
    """
    email = accounts.find_email(session, user_id)
    wanted = spelt_as_kept(code_request.email)
    return (email or "").casefold() == wanted.casefold()


def _record_failure(
    session: Session, code_request: CodeRequest, user_id: UUID | None
) -> None:
    audit.record(
        session,
        None,
        Action.SESSION_START,
        subject=(_USER, user_id) if user_id else None,
        outcome="failed",
        details={"method": "code", "address": code_request.address},
    )


def _use(code_request: CodeRequest) -> CodeUse:
    # Without salt or stretching: the cookie's random bits cannot be guessed.
    browser_hash = hashlib.sha256(code_request.browser.encode()).digest()
    return CodeUse(browser_hash, code_request.browser, code_request.key)
