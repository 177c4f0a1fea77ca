"""How a code reaches its person: by e-mail, or as a text message."""

import time
from dataclasses import dataclass
from typing import Final

from dashboard.ui.language import gettext as _, marked
from services.messaging.mail import Email, Mailer, MailQueue
from services.messaging.text_messages import Gateway
from services.people.accounts import Addressee

_SUBJECT: Final = marked("Your code for Chartroom")
_EMAIL: Final = marked("""\
{code} is your code to sign in to Chartroom.

It is valid for five minutes, in the browser that asked for it. Nobody from the clinic
will ever ask you for it. If you did not ask for a code, ignore this e-mail.
""")
_BOOKING_SUBJECT: Final = marked("Your code to book a visit")
# It contains nothing that somebody typed: anybody can have it sent to anybody.
_BOOKING: Final = marked("""\
{code} is your code to book a visit at {clinic}.

Enter it within ten minutes on the page where you chose the time. If you did not want
to book a visit, ignore this e-mail: the time is released automatically.
""")
_TEXT_MESSAGE: Final = marked(
    "{code} is your Chartroom code. It is valid for 5 minutes."
)
# Encrypting an e-mail keeps this process busy. It happens long after the answer was
# given, so that its timing does not reveal whether there was somebody to write to.
_LATER_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Words:
    """The texts sent with a code, in one language."""

    subject: str
    email: str
    text_message: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends codes in the background; failures are logged without the addressee."""

    mailer: Mailer | None
    gateway: Gateway | None
    outbox: MailQueue

    def send(self, code: str, to: Addressee | None, *, by_text: bool) -> None:
        """Send the code soon; as a text message only to a known number.

        For an address that nobody has, the same work is begun, without a result.
        """
        # In the language of the page that asks: another thread sends it.
        words = _Words(_(_SUBJECT), _(_EMAIL), _(_TEXT_MESSAGE))
        self.outbox.post(lambda: self._send(code, to, words, by_text=by_text))

    def send_booking_code(self, code: str, email: str, *, clinic: str) -> None:
        """Send the code for a booking without sign-in, soon."""
        if (mailer := self.mailer) is not None:
            text = _(_BOOKING).format(code=code, clinic=clinic)
            booking = Email(email, _(_BOOKING_SUBJECT), text)
            self.outbox.post(lambda: mailer.send(booking))

    def _send(
        self, code: str, to: Addressee | None, words: "_Words", *, by_text: bool
    ) -> None:
        time.sleep(_LATER_SECONDS)
        if to is None:
            return
        if by_text and self.gateway is not None and to.phone_number is not None:
            self.gateway.send(to.phone_number, words.text_message.format(code=code))
        elif self.mailer is not None:
            text = words.email.format(code=code)
            self.mailer.send(Email(to.email, words.subject, text))
