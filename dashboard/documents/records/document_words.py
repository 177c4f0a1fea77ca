"""Documents as text on screen: sizes, kinds, findings."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from dashboard.context import inspector
from dashboard.ui.language import (
    decimal,
    gettext as _,
    lowered,
    marked,
    ngettext,
    short_date,
)
from dashboard.ui.record_table import Cell
from services.core.actors import Actor
from services.documents.records.kinds import (
    CLASS_LABELS,
    STATED,
    TYPE_LABELS,
    DocumentType,
)
from services.documents.records.model import DocumentRecord, VersionRecord

_KILO: Final = 1000
_UNITS: Final = ("kB", "MB", "GB")

FINDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "encrypted": marked("Needs its own password"),
        "scripts": marked("Contains scripts, which never run here"),
        "launch": marked("Tries to start other programs, which never happens here"),
        "attachments": marked("Carries other files inside, which are not shown here"),
        "other_files": marked("Tries to open other files, which never happens here"),
        "uri_actions": marked(
            "Tries to open web addresses unasked, or unusual ones, which never "
            "happens here"
        ),
        "form_submission": marked(
            "Tries to send away what is typed in, which never happens here"
        ),
        "data_import": marked(
            "Tries to fetch data into a form, which never happens here"
        ),
        "external_streams": marked(
            "Keeps parts of itself elsewhere, which are never fetched here"
        ),
        "xfa": marked(
            "Has an XFA form, by which other programs may show other pages than these"
        ),
        "polyglot": marked(
            "Is also a file of another kind, which other programs may open"
        ),
        "eicar": marked("Contains the EICAR test virus, which does nothing"),
        "damaged": marked("Damaged in parts: some pages may be missing"),
    }
)
_ORIGINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "upload": marked("Uploaded"),
        "form": marked("Made from a form"),
        "restored": marked("Restored"),
    }
)
# Each finding in a few words, for a row or a header.
_SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "encrypted": marked("Needs its own password"),
        "scripts": marked("Contains scripts"),
        "launch": marked("Starts programs"),
        "attachments": marked("Carries files"),
        "other_files": marked("Opens other files"),
        "uri_actions": marked("Opens addresses"),
        "form_submission": marked("Sends form data"),
        "data_import": marked("Fetches form data"),
        "external_streams": marked("Fetches parts"),
        "xfa": marked("Has an XFA form"),
        "polyglot": marked("Two kinds of file"),
        "eicar": marked("Contains a test virus"),
        "damaged": marked("Damaged in parts"),
    }
)
_NOTHING_TO_KNOW: Final = Cell("")


def size(filesize: int) -> str:
    """Return a number of bytes in decimal units: 1.2 MB is 1,200,000 bytes."""
    value, unit = float(filesize), _("bytes")
    for larger in _UNITS:
        if value < _KILO:
            break
        value, unit = value / _KILO, larger
    is_round = filesize < _KILO or value >= 100  # noqa: PLR2004 (three figures)
    return f"{decimal(value, 0 if is_round else 1)} {unit}"


def day(dated_on: date | None) -> str:
    """Return the date of a paper as lists show it; empty without one."""
    return short_date(dated_on) if dated_on else ""


def kind(record: DocumentRecord) -> str:
    """Return the document's type as text, marked if stated by the patient."""
    return kind_of(record.document_type, stated=record.version.stated_by_patient)


def kind_of(document_type: DocumentType, *, stated: bool) -> str:
    """Return a type as text, marked if the patient stated it."""
    label = _(TYPE_LABELS[document_type])
    return f"{label}, {lowered(_(STATED))}" if stated else label


def kept_as(record: DocumentRecord) -> str:
    """Return the retention class as text."""
    return _(CLASS_LABELS[record.classification])


def pages(version: VersionRecord) -> str:
    """Return the number of pages as text, if it is known."""
    if version.pages is None:
        return _("pages not counted")
    return ngettext("{pages} page", "{pages} pages", version.pages).format(
        pages=version.pages
    )


def origin(version: VersionRecord) -> str:
    """Return where the version comes from, as text."""
    came = _(_ORIGINS[version.origin])
    return f"{came}, {lowered(_(STATED))}," if version.stated_by_patient else came


def states(record: DocumentRecord) -> Iterator[Cell]:
    """Yield what to know about a document before opening it, the worst first."""
    if record.is_deleted:
        yield Cell(_("Deleted"), "muted", "delete")
    if record.urgent:
        said = _("Urgent, confidential") if record.confidential else _("Urgent")
        yield Cell(said, "danger", "priority_high")
    elif record.confidential:
        yield Cell(_("Confidential"), "info", "lock")
    if record.version.stated_by_patient:
        yield Cell(_(STATED), "info", "person_edit")
    if record.withheld:
        yield Cell(_("Not shown to the patient"), "info", "visibility_off")
    yield from version_states(record.version)
    if record.is_held:
        yield Cell(_("On legal hold"), "info", "gavel")


def version_states(version: VersionRecord) -> Iterator[Cell]:
    """Yield what to know about a version before opening it, the worst first."""
    if version.scan == "infected":
        yield Cell(_("A virus was found"), "danger", "bug_report")
    if version.damaged_at is not None:
        yield Cell(_("Damaged in the store"), "danger", "broken_image")
    if version.scan == "waiting":
        yield Cell(_("Waiting for virus scan"), "warn", "hourglass_top")
    for finding in version.findings:
        yield Cell(_(_SHORT.get(finding, finding)), "warn", "report")
    is_waiting = version.reading == "waiting"
    if is_waiting and inspector().reads_scans:
        yield Cell(_("Text is being read from the scan"), "muted", "document_scanner")
    elif is_waiting or version.reading == "none":
        yield Cell(_("Pictures without text"), "muted", "image")


def state(record: DocumentRecord) -> Cell:
    """Return the one status shown in a document's row; most have none."""
    return next(states(record), _NOTHING_TO_KNOW)


def has_pages(record: DocumentRecord) -> bool:
    """Return whether pages of the version can be shown as pictures."""
    version = record.version
    is_locked = "encrypted" in version.findings
    return (
        version.is_served
        and not record.is_deleted
        and bool(version.pages)
        and not is_locked
    )


def was_deleted_by_clinic(record: DocumentRecord, actor: Actor) -> bool:
    """Return whether a patient looks at a document that they did not delete."""
    is_of_patient = actor.patient_id is not None
    return is_of_patient and record.is_deleted and record.deleted_by != actor.id
