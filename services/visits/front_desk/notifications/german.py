"""E-mails about visits and documents in German, with the marks of the English ones."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from babel.dates import format_date

from services.visits.front_desk.notifications.records import NotificationKind

_SIGN_IN: Final = """
Melden Sie sich an, um mehr zu sehen, den Termin zu verlegen oder abzusagen:
<address>/visits
"""
_BOOKED: Final = """\
Ihr Termin bei <clinic> ist gebucht:

{when}
"""
_MOVED: Final = """\
Ihr Termin bei <clinic> ist verlegt:

{when}{instead}
"""
_CANCELLED: Final = """\
Ihr Termin bei <clinic> ist abgesagt:

{when}
"""
SUBJECTS: Final[Mapping[NotificationKind, str]] = MappingProxyType(
    {
        NotificationKind.CONFIRMED: "<clinic>: Ihr Termin ist gebucht",
        NotificationKind.MOVED: "<clinic>: Ihr Termin ist verlegt",
        NotificationKind.CANCELLED: "<clinic>: Ihr Termin ist abgesagt",
        NotificationKind.REMINDER: "<clinic>: Ihr Termin",
        NotificationKind.OFFER: "<clinic>: Eine Zeit ist frei geworden",
        NotificationKind.DOCUMENT: "<clinic>: Etwas liegt für Sie bereit",
    }
)
TEXTS: Final[Mapping[NotificationKind, str]] = MappingProxyType(
    {
        NotificationKind.CONFIRMED: _BOOKED + _SIGN_IN,
        NotificationKind.MOVED: _MOVED + _SIGN_IN,
        NotificationKind.CANCELLED: f"""\
{_CANCELLED}
Melden Sie sich an, um einen anderen zu buchen:
<address>/visits
""",
        NotificationKind.REMINDER: f"""\
Wir erwarten Sie bei <clinic>:

{{when}}
{_SIGN_IN}""",
        NotificationKind.OFFER: """\
Eine Zeit, auf die Sie warten, ist bei <clinic> frei geworden:

{when}

Sie ist für Sie reserviert bis {until}. Melden Sie sich an, um sie zu buchen:
<address>/visits

Danach wird sie der nächsten Person auf der Warteliste angeboten.
""",
        # Not even the number of documents: it could reveal what they are.
        NotificationKind.DOCUMENT: """\
Bei <clinic> liegt mindestens ein neues Dokument für Sie bereit. Was es ist, steht in
keiner E-Mail.

Melden Sie sich an, um es zu lesen:
<address>/notifications
""",
    }
)
_OWN_LINK: Final = """
Verlegen Sie ihn oder sagen Sie ihn ab mit diesem Link, und behalten Sie ihn für sich:
<visit {newcomer}>

Sie sind in der Klinik noch nicht aufgenommen. Kommen Sie einige Minuten früher; der
Empfang fragt Sie nach Ihren Angaben.
"""
TEXTS_TO_NEWCOMERS: Final[Mapping[NotificationKind, str]] = MappingProxyType(
    {
        NotificationKind.CONFIRMED: _BOOKED + _OWN_LINK,
        NotificationKind.MOVED: _MOVED + _OWN_LINK,
        NotificationKind.CANCELLED: _CANCELLED,
    }
)
INSTEAD: Final = "\nstatt {before}"
UNTIL_TAKEN: Final = "sie vergeben ist"


def formatted(timestamp: datetime) -> str:
    """Return the date and time, with the day and month spelt out."""
    day = format_date(timestamp, "EEEE, d. MMMM y", locale="de")
    return f"{day}, {timestamp:%H:%M} Uhr ({timestamp.tzinfo})"
