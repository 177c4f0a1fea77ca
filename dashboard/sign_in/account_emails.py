"""E-mails about a person's sign-in: the link that lets them in, a changed address."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from dashboard import wiring
from dashboard.ui.language import ENGLISH, gettext as _, marked, using_language
from dashboard.web.public_address import public_address
from db.settings import Settings
from services.messaging.mail import Email, MailNotSent, mailer_of
from services.people.accounts.invitations import NewInvitation

WELCOME_PATH: Final = "/welcome"
_TEXT: Final = marked("""\
Dear {name},

You are invited to Chartroom, the records room of your clinic. This link lets you in \
once, within three days:

{link}

Afterwards you sign in with this e-mail address: a code is sent to you each time. Do \
not forward this link.

If you do not know why you are invited, ignore this e-mail: nothing happens without \
you.
""")
_CHANGED: Final = marked("""\
Dear {name},

An administrator of your clinic has changed the e-mail address that you use to sign in \
to Chartroom. Codes are no longer sent to this address.

If you did not ask for this, tell your clinic at once.
""")


@dataclass(frozen=True, slots=True)
class Delivered:
    """Whether an e-mail is on its way; the link if somebody must hand it on."""

    is_sent: bool
    link: str | None


def link_of(address: str, invited: NewInvitation) -> str:
    """Return the link that lets the person in, at the clinic's address."""
    return f"{address}{WELCOME_PATH}/{invited.token}"


def deliver(invited: NewInvitation) -> Delivered:
    """Mail the link, once the invitation is committed."""
    return send(wiring.current().settings, invited)


def send(settings: Settings, invited: NewInvitation) -> Delivered:
    """Mail the link if a mail server takes it.

    The demo may have no server, and one may be down: then the link is shown to the
    person who invites, who passes it on.
    """
    link, mailer = link_of(public_address(settings), invited), mailer_of(settings)
    if mailer is None:
        return Delivered(is_sent=False, link=link)
    try:
        with using_language(_language(settings, is_patient=invited.is_patient)):
            mailer.send(invitation_email(invited, link))
    except MailNotSent:
        return Delivered(is_sent=False, link=link)
    return Delivered(is_sent=True, link=link if settings.is_demo else None)


def invitation_email(invited: NewInvitation, link: str) -> Email:
    """Return the e-mail, which names no role: mail can be read like a postcard."""
    return Email(
        invited.email,
        _("You are invited to Chartroom"),
        _(_TEXT).format(name=invited.name, link=link),
    )


def send_address_change(
    settings: Settings, name: str, address: str, *, is_patient: bool = False
) -> None:
    """Mail the change if there is a server; the former address may be out of use.

    It takes nothing from a page, so that it can be called at the commit.
    """
    mailer = mailer_of(settings)
    if mailer is not None:
        language = _language(settings, is_patient=is_patient)
        with suppress(MailNotSent), using_language(language):
            mailer.send(
                Email(
                    address,
                    _("Your address for Chartroom was changed"),
                    _(_CHANGED).format(name=name),
                )
            )


def _language(settings: Settings, *, is_patient: bool) -> str:
    """Return the language for somebody who has not chosen one yet."""
    return settings.language if is_patient else ENGLISH
