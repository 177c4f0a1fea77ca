"""What all pages for people not signed in work with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.requests import Request

from api.core.dependencies import PublicBooking
from dashboard.sign_in.codes.delivery import Delivery
from dashboard.sign_in.cookies import CodeCookieStore, KnownCookie
from dashboard.web.installation_key import derive
from dashboard.web.link_signing import signer_of, visit_links_of
from dashboard.web.sessions.identity import Identity, is_secure, origin_of
from db.disk_space import DiskSpace
from db.files.gridfs import FileStore
from db.postgres import ANONYMOUS, Database
from db.settings import Settings
from services.core import audit
from services.core.audit import Action
from services.core.throttling import Throttle
from services.documents.sharing.links import LinkSigner
from services.messaging.mail import MailQueue, mailer_of
from services.messaging.text_messages import gateway_of
from services.people.sign_in.codes import address_digest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignInContext:
    """The settings, the databases and the sign-ins of the server that answers.

    `key` is for hashing what only this installation may recognise.
    """

    settings: Settings
    database: Database
    identity: Identity
    throttle: Throttle
    delivery: Delivery
    code_cookie: CodeCookieStore
    known: KnownCookie
    key: str
    files: FileStore
    links: LinkSigner
    visit_links: LinkSigner

    @classmethod
    def of(
        cls,
        settings: Settings,
        database: Database,
        identity: Identity,
        throttle: Throttle,
        key: str,
        *,
        files: FileStore,
    ) -> "SignInContext":
        """Assemble the context from the installation's settings and its secret."""
        return cls(
            settings,
            database,
            identity,
            throttle,
            Delivery(mailer_of(settings), gateway_of(settings), MailQueue()),
            CodeCookieStore(derive(key, "asked")),
            KnownCookie(derive(key, "known")),
            derive(key, "codes"),
            files,
            signer_of(key),
            visit_links_of(key),
        )

    @property
    def disks(self) -> DiskSpace:
        """The disks of this server's data folder."""
        return DiskSpace(self.settings.data)

    @property
    def public_booking(self) -> PublicBooking | None:
        """What booking without an account needs; None unless the clinic offers it."""
        if not self.settings.public_booking:
            return None
        send_code = partial(
            self.delivery.send_booking_code, clinic=self.settings.clinic_name
        )
        return PublicBooking(self.key, send_code)

    def close(self) -> None:
        """Finish sending what is under way, and send nothing more."""
        self.delivery.outbox.close()

    def address_of(self, email: str) -> str:
        """Return an e-mail address as limits and cookies know it: a keyed hash."""
        return address_digest(email, self.key)

    def write(self, request: Request, operation: Callable[[Session], T]) -> T:
        """Run a transaction as nobody known yet, recorded with the request's origin."""

        def recorded(session: Session) -> T:
            with audit.with_origin(origin_of(request)):
                return operation(session)

        return self.database.write(recorded, identity=ANONYMOUS).value

    def record_refusal(
        self, request: Request, method: str, why: str, subject: tuple[str, UUID | None]
    ) -> None:
        """Record a sign-in that was refused; the subject may be unknown."""
        self.write(
            request,
            lambda session: audit.record(
                session,
                None,
                Action.SESSION_START,
                subject=subject if subject[1] else None,
                outcome="failed",
                details={"method": method, "why": why},
            ),
        )


__all__ = ["SignInContext", "is_secure"]
