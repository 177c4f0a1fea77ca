"""Records who was sent the monthly report on backups, and how often that was tried.

The record lies in the data folder: rows go back in time with the clinic, and this does
not, so nobody gets a month twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from db.files import private_files

_NAME: Final = "report-mails.json"
# Tried every hour: a mail server may be away for a weekend.
_MOST_TRIES: Final = 72


@dataclass(frozen=True, slots=True)
class ReportMails:
    """Who was sent the report on the month that begins on a day.

    `refused` counts, by person, how often the mail server refused it.
    """

    month: date
    sent: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, int] = field(default_factory=dict)

    def is_due(self, person: UUID) -> bool:
        """Return whether somebody is still to be sent it."""
        return person not in self.sent and self.refused.get(person, 0) < _MOST_TRIES

    def with_sent(self, person: UUID) -> "ReportMails":
        """Return this with a person who is being sent it."""
        return replace(self, sent=self.sent | {person})

    def with_refused(self, person: UUID) -> "ReportMails":
        """Return this with a person whose e-mail the mail server refused."""
        refused = {**self.refused, person: self.refused.get(person, 0) + 1}
        return replace(self, sent=self.sent - {person}, refused=refused)


_MAILS: Final = TypeAdapter(ReportMails)


def read_report_mails(data: Path, month: date) -> ReportMails:
    """Return who was sent the report on a month; nobody if another is recorded."""
    noted = private_files.read_as(_MAILS, data / _NAME)
    return noted if noted and noted.month == month else ReportMails(month)


def note_report_mails(data: Path, mails: ReportMails) -> None:
    """Store who was sent it, in place of the previous record. Raises OSError."""
    private_files.replace(data / _NAME, _MAILS.dump_json(mails, indent=1))
