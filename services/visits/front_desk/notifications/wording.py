"""The texts of e-mails: when and where, never what, why or with whom.

Mail is a postcard. E-mails are stored with their times in UTC and with marks for the
clinic's own data; sending or showing one fills in the clinic's name, address and clock.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.documents.sharing.links import LinkSigner
from services.visits.front_desk.notifications import german
from services.visits.front_desk.notifications.records import NotificationKind

_MARK: Final = re.compile(r"<([^<>]+)>")
_SIGN_IN: Final = """
Sign in to see more, to move the visit or to cancel it:
<address>/visits
"""
_BOOKED: Final = """\
Your visit at <clinic> is booked:

{when}
"""
_MOVED: Final = """\
Your visit at <clinic> has another time:

{when}{instead}
"""
_CANCELLED: Final = """\
Your visit at <clinic> is cancelled:

{when}
"""
_SUBJECTS: Final[Mapping[NotificationKind, str]] = MappingProxyType(
    {
        NotificationKind.CONFIRMED: "<clinic>: your visit is booked",
        NotificationKind.MOVED: "<clinic>: your visit has another time",
        NotificationKind.CANCELLED: "<clinic>: your visit is cancelled",
        NotificationKind.REMINDER: "<clinic>: your visit",
        NotificationKind.OFFER: "<clinic>: a time has become free",
        NotificationKind.DOCUMENT: "<clinic>: something is there for you",
    }
)
_TEXTS: Final[Mapping[NotificationKind, str]] = MappingProxyType(
    {
        NotificationKind.CONFIRMED: _BOOKED + _SIGN_IN,
        NotificationKind.MOVED: _MOVED + _SIGN_IN,
        NotificationKind.CANCELLED: f"""\
{_CANCELLED}
Sign in to book another one:
<address>/visits
""",
        NotificationKind.REMINDER: f"""\
We expect you at <clinic>:

{{when}}
{_SIGN_IN}""",
        NotificationKind.OFFER: """\
A time that you are waiting for has become free at <clinic>:

{when}

It is held for you until {until}. Sign in to book it:
<address>/visits

After that it is offered to whoever is next in line.
""",
        # Not even the number of documents: it could reveal what they are.
        NotificationKind.DOCUMENT: """\
At least one new document is there for you at <clinic>. What it is stands in no e-mail.

Sign in to read it:
<address>/notifications
""",
    }
)
# Newcomers do not sign in: a link of their own leads to their visit.
_OWN_LINK: Final = """
Move or cancel it with this link, and keep the link to yourself:
<visit {newcomer}>

You are not registered at the clinic yet. Come a few minutes early; the front desk
asks for your particulars.
"""
_TEXTS_TO_NEWCOMERS: Final[Mapping[NotificationKind, str]] = MappingProxyType(
    {
        NotificationKind.CONFIRMED: _BOOKED + _OWN_LINK,
        NotificationKind.MOVED: _MOVED + _OWN_LINK,
        NotificationKind.CANCELLED: _CANCELLED,
    }
)
# The page of a newcomer's own link; their token follows below it.
OWN_VISIT_PATH: Final = "/book-a-visit/yours"


@dataclass(frozen=True, slots=True)
class SenderDetails:
    """The sender: the clinic's name, its clock, and where people sign in.

    Without `links` a newcomer's own link is left out, as where e-mails are only shown.
    `language` is for people who have chosen none.
    """

    clinic: str = "Your clinic"
    address: str = ""
    zone: str = "UTC"
    links: LinkSigner | None = None
    language: str = "en"

    def own_link(self, newcomer_id: str) -> str:
        """Return the link with which newcomers move or cancel their visit."""
        if self.links is None:
            return "(the link is in the e-mail only)"
        return f"{self.address}{OWN_VISIT_PATH}/{self.links.sign(newcomer_id)}"


@dataclass(frozen=True, slots=True)
class VisitTimes:
    """The times in an e-mail: of the visit, of it before, and when its hold ends."""

    when: datetime
    before: datetime | None = None
    until: datetime | None = None


def subject_of(kind: NotificationKind) -> str:
    """Return the subject, with marks."""
    return _SUBJECTS[kind]


def text_of(kind: NotificationKind, times: VisitTimes) -> str:
    """Return the text, with marks."""
    return _TEXTS[kind].format(
        when=_mark(times.when),
        instead=_instead(times),
        until=_mark(times.until) if times.until else "it is taken",
    )


def text_of_documents() -> str:
    """Return the text about documents, with marks; it has no times."""
    return _TEXTS[NotificationKind.DOCUMENT]


def text_to_newcomer(
    kind: NotificationKind, times: VisitTimes, newcomer_id: UUID
) -> str:
    """Return the text to a newcomer, with marks."""
    return _TEXTS_TO_NEWCOMERS[kind].format(
        when=_mark(times.when), instead=_instead(times), newcomer=newcomer_id
    )


def in_german(
    kind: NotificationKind, marked: str, *, is_to_newcomer: bool
) -> tuple[str, str]:
    """Return subject and text in German for an English text with marks.

    E-mails are stored in English, whoever they are for: their content is a kind and
    some times, and both are the same in any language.
    """
    marks = _MARK.findall(marked)
    times = [mark for mark in marks if mark[:1].isdigit()]
    newcomer = next((mark for mark in marks if mark.startswith("visit ")), "")
    texts = german.TEXTS_TO_NEWCOMERS if is_to_newcomer else german.TEXTS
    # Texts about documents have no times.
    when, other, *_ = *(f"<{timestamp}>" for timestamp in times), "", ""
    return german.SUBJECTS[kind], texts[kind].format(
        when=when,
        instead=german.INSTEAD.format(before=other) if other else "",
        until=other or german.UNTIL_TAKEN,
        newcomer=newcomer.removeprefix("visit "),
    )


def filled(
    marked: str,
    sender: SenderDetails,
    spell: Callable[[datetime], str] | None = None,
) -> str:
    """Return a subject or a text as people read it; `spell` formats a time."""
    zone, spelt = ZoneInfo(sender.zone), spell or _spelt

    def fill(mark: re.Match[str]) -> str:
        match mark[1]:
            case visit if visit.startswith("visit "):
                return sender.own_link(visit.removeprefix("visit "))
            case "clinic":
                return sender.clinic
            case "address":
                return sender.address
            case timestamp:
                return spelt(datetime.fromisoformat(timestamp).astimezone(zone))

    return _MARK.sub(fill, marked)


def _instead(times: VisitTimes) -> str:
    return f"\ninstead of {_mark(times.before)}" if times.before else ""


def _mark(timestamp: datetime) -> str:
    return f"<{timestamp.astimezone(UTC).isoformat(timespec='seconds')}>"


def _spelt(timestamp: datetime) -> str:
    # In words, because 3/4 is March in some countries and April in others.
    day = f"{timestamp:%A} {timestamp.day} {timestamp:%B %Y}"
    return f"{day}, {timestamp:%H:%M} ({timestamp.tzinfo})"
