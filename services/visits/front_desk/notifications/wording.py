"""What the letters say: when and where, never why or with whom. Mail is a postcard.

Letters are kept with their moments in UTC and with marks for what belongs to the
clinic; whoever sends or shows one puts in the clinic's name, address and clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from services.visits.front_desk.notifications.records import LetterKind

_MARK: Final = re.compile(r"<([^<>]+)>")
_SIGN_IN: Final = """
Sign in to see more, to move the visit or to cancel it:
<address>/visits
"""
_SUBJECTS: Final[Mapping[LetterKind, str]] = MappingProxyType(
    {
        LetterKind.CONFIRMED: "<clinic>: your visit is booked",
        LetterKind.MOVED: "<clinic>: your visit has another time",
        LetterKind.CANCELLED: "<clinic>: your visit is cancelled",
        LetterKind.REMINDER: "<clinic>: your visit",
        LetterKind.OFFER: "<clinic>: a time has become free",
    }
)
_TEXTS: Final[Mapping[LetterKind, str]] = MappingProxyType(
    {
        LetterKind.CONFIRMED: f"""\
Your visit at <clinic> is booked:

{{when}}
{_SIGN_IN}""",
        LetterKind.MOVED: f"""\
Your visit at <clinic> has another time:

{{when}}{{instead}}
{_SIGN_IN}""",
        LetterKind.CANCELLED: """\
Your visit at <clinic> is cancelled:

{when}

Sign in to book another one:
<address>/visits
""",
        LetterKind.REMINDER: f"""\
We expect you at <clinic>:

{{when}}
{_SIGN_IN}""",
        LetterKind.OFFER: """\
A time that you are waiting for has become free at <clinic>:

{when}

It is held for you until {until}. Sign in to book it:
<address>/visits

After that it is offered to whoever is next in line.
""",
    }
)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the clinic's name, its clock, and where people sign in."""

    clinic: str = "Your clinic"
    address: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class VisitTimes:
    """The moments that a letter tells: of the visit, of it before, of its hold."""

    when: datetime
    before: datetime | None = None
    until: datetime | None = None


def subject_of(kind: LetterKind) -> str:
    """Return the subject, with marks."""
    return _SUBJECTS[kind]


def text_of(kind: LetterKind, times: VisitTimes) -> str:
    """Return the text, with marks."""
    return _TEXTS[kind].format(
        when=_mark(times.when),
        instead=f"\ninstead of {_mark(times.before)}" if times.before else "",
        until=_mark(times.until) if times.until else "it is taken",
    )


def filled(marked: str, head: Letterhead) -> str:
    """Return a subject or a text as people read it."""
    zone = ZoneInfo(head.zone)

    def fill(mark: re.Match[str]) -> str:
        match mark[1]:
            case "clinic":
                return head.clinic
            case "address":
                return head.address
            case timestamp:
                return _spelt(datetime.fromisoformat(timestamp).astimezone(zone))

    return _MARK.sub(fill, marked)


def _mark(timestamp: datetime) -> str:
    return f"<{timestamp.astimezone(UTC).isoformat(timespec='seconds')}>"


def _spelt(timestamp: datetime) -> str:
    # In words, because 3/4 is read as March here and as April there.
    day = f"{timestamp:%A} {timestamp.day} {timestamp:%B %Y}"
    return f"{day}, {timestamp:%H:%M} ({timestamp.tzinfo})"
