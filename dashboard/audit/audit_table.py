"""Entries of the audit log as sentences in a table; repeated actions share one row."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from dashboard.audit.detail_text import detail_text
from dashboard.ui.clock import in_zone, time_of_day, today
from dashboard.ui.language import gettext as _, marked, short_date, translated
from dashboard.ui.record_table import Cell, Column, Piece, Row, record_table
from dashboard.ui.words import to_the_second
from services.audit.log import Entry, RecordAccess

_COLUMNS: Final = (
    Column(marked("When"), is_whole=True),
    Column(marked("What happened")),
    Column(marked("From"), is_whole=True),
)
# More of them would be a list within the list.
_MOST_DETAILS: Final = 3
_ABOUT_ME: Final = (Column(marked("When")), Column(marked("What happened")))

T = TypeVar("T", bound=Entry | RecordAccess)


def show_audit_table(
    entries: Sequence[Entry], address_of: Callable[[Entry], str], *, key: str
) -> None:
    """Show entries; a row's first cell links to `address_of` its newest entry."""
    groups = _together(
        entries,
        lambda e: (e.sentence, e.patient_id, e.subject, e.reason, e.network),
    )
    rows = [
        Row(
            str(group[0].sequence),
            (
                Cell(_when(group)),
                _what(
                    group,
                    is_bad=group[0].outcome != "done",
                    lines=(_facts(group[0]), *_details(group)),
                ),
                Cell(group[0].network, "muted"),
            ),
            address_of(group[0]),
        )
        for group in groups
    ]
    record_table(_COLUMNS, rows, name=_("Entries of the audit log"), key=key)


def show_access_table(
    accesses: Sequence[RecordAccess], *, key: str, name: str = marked("Access history")
) -> None:
    """Show who did what with a record or a document."""
    groups = _together(accesses, lambda access: (access.sentence, access.is_refused))
    rows = [
        Row(
            str(group[0].sequence),
            (Cell(_when(group)), _what(group, is_bad=group[0].is_refused)),
        )
        for group in groups
    ]
    record_table(_ABOUT_ME, rows, name=_(name), key=key)


def _together(
    items: Iterable[T], same: Callable[[T], tuple[Hashable, ...]]
) -> list[list[T]]:
    """Group equal items of one day, at the place of the newest."""
    groups: dict[tuple[Hashable, ...], list[T]] = {}
    for item in items:
        groups.setdefault((in_zone(item.at).date(), *same(item)), []).append(item)
    return list(groups.values())


def _when(group: Sequence[T]) -> str:
    newest, oldest = group[0].at, group[-1].at
    if len(group) == 1:
        return to_the_second(newest)
    day, since, until = short_date(in_zone(newest)), _clock(oldest), _clock(newest)
    if since == until:
        return f"{day}, {until}"
    return _("{day}, {oldest} to {newest}").format(day=day, oldest=since, newest=until)


def _what(group: Sequence[T], *, is_bad: bool, lines: Sequence[str] = ()) -> Cell:
    first = group[0]
    times = ""
    if len(group) > 1:
        is_today = in_zone(first.at).date() == today()
        several = _(", {count} times today") if is_today else _(", {count} times")
        times = several.format(count=len(group))
    return Cell(
        translated(first.sentence) + times,
        "danger" if is_bad else "plain",
        "block" if is_bad else "",
        lines=tuple((Piece(line),) for line in lines if line),
    )


def _details(group: Sequence[Entry]) -> list[str]:
    """Return the different details of the entries, the newest first, up to a limit."""
    details = [
        detail_text(text) for text in dict.fromkeys(entry.details for entry in group)
    ]
    if (others := len(details) - _MOST_DETAILS) < 2:  # noqa: PLR2004 (not "1 others")
        return details
    return [*details[:_MOST_DETAILS], _("and {count} others").format(count=others)]


def _facts(entry: Entry) -> str:
    """Return the reason, patient and subject, by id: administrators see no names."""
    reason = _("“{text}”").format(text=entry.reason) if entry.reason else ""
    patient = _("patient {id}").format(id=entry.patient_id) if entry.patient_id else ""
    return "; ".join(filter(None, (reason, patient, translated(entry.subject))))


def _clock(timestamp: datetime) -> str:
    return time_of_day(in_zone(timestamp))
