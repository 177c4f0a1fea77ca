"""Tells a person at their former address that codes go elsewhere from now on."""

from contextlib import suppress
from typing import Final

from dashboard import wiring
from db.settings import Settings
from services.messaging.mail import Email, MailNotSent, mailer_of

_TEXT: Final = """\
Dear {name},

an administrator of your clinic has changed the e-mail address with which you sign in \
to Chartroom. Codes are no longer sent to this one.

If you did not ask for it, tell your clinic at once.
"""


def tell_former(name: str, address: str) -> None:
    """Write to the address that was used so far, once the change is committed."""
    send(wiring.current().settings, name, address)


def send(settings: Settings, name: str, address: str) -> None:
    """Mail it if there is a server; a former address need not take letters any more."""
    mailer = mailer_of(settings)
    if mailer is not None:
        with suppress(MailNotSent):
            mailer.send(
                Email(
                    address,
                    "Your address for Chartroom was changed",
                    _TEXT.format(name=name),
                )
            )
