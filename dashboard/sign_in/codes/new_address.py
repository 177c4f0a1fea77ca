"""Codes that prove a new e-mail address of a person who is signed in.

Requests and tries are counted per person: their page could be used to flood a mailbox.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.ui.language import gettext as _, marked
from dashboard.web.installation_key import derive, signing_key
from services.core import after_commit, throttling
from services.core.actors import Actor
from services.messaging.mail import Email, Mailer, MailNotSent, mailer_of
from services.people.accounts.own_contact import ContactChange
from services.people.sign_in.codes import CodeRequest

_SUBJECT: Final = marked("Your code for a new e-mail address")
# It contains nothing that somebody typed: anybody can have it sent to anybody.
_TEXT: Final = marked("""\
{code} is your code for Chartroom, the records room of your clinic.

Enter it within five minutes on the page where you gave this e-mail address. If you did
not give it, ignore this e-mail: without the code nothing is changed.
""")
_CHANGED_SUBJECT: Final = marked("Your address for Chartroom was changed")
_CHANGED: Final = marked("""\
Dear {name},

You have changed the e-mail address that you use to sign in to Chartroom. Codes are no \
longer sent to this address.

If this was not you, tell your clinic at once.
""")


def key() -> str:
    """Return the key with which codes are hashed."""
    return derive(signing_key(wiring.current().settings), "codes")


def count_request(actor: Actor, email: str) -> None:
    """Count a code that is about to be sent; raises LimitReached."""
    throttle = wiring.current().throttle
    throttle.take(throttling.CODES_PER_CLIENT, str(actor.id))
    address = CodeRequest(email, browser="", key=key()).address
    throttle.take(throttling.CODES_PER_ADDRESS, address)


def count_try(actor: Actor) -> None:
    """Count a code that is tried; raises LimitReached."""
    wiring.current().throttle.take(throttling.TRIES_PER_CLIENT, str(actor.id))


def send(code: str, email: str) -> bool:
    """Mail the code, once it is stored; return whether it is on its way."""
    mailer = mailer_of(wiring.current().settings)
    if mailer is None:
        return False
    try:
        mailer.send(Email(email, _(_SUBJECT), _(_TEXT).format(code=code)))
    except MailNotSent:
        return False
    return True


def telling_former(
    name: str, change: Callable[[Session], ContactChange]
) -> Callable[[Session], ContactChange]:
    """Return the change, after whose commit a former address for signing in is told.

    That takes nothing from the page, so that the e-mail is sent whatever ends the
    page's run, such as a second click or a closed tab.
    """
    mailer = mailer_of(wiring.current().settings)
    subject, text = _(_CHANGED_SUBJECT), _(_CHANGED).format(name=name)

    def change_and_tell(session: Session) -> ContactChange:
        changed = change(session)
        if mailer is not None and changed.former_sign_in:
            email = Email(changed.former_sign_in, subject, text)
            after_commit.call(session, partial(_send, mailer, email))
        return changed

    return change_and_tell


def _send(mailer: Mailer, email: Email) -> None:
    # The former address may be out of use.
    with suppress(MailNotSent):
        mailer.send(email)


def is_shown() -> bool:
    """Return whether the page shows codes, as sign-in does in the demo."""
    return wiring.current().settings.is_demo
