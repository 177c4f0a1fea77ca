"""What can be done with several patients at once, and how it turned out."""

from collections.abc import Iterator
from typing import Final

from dashboard.context import today
from dashboard.patients.search.patient_listing import Listing
from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.lists.bulk import BulkActs
from dashboard.ui.record_table import RowAction, Selection
from dashboard.ui.words import born, listed_name, numbered
from services.core.actors import Permission
from services.patients.records.model import PatientRecord
from services.patients.records.refusals import NoSuchPatient
from services.patients.search import Listed

LETTER: Final = "letter"
PAGE: Final = "patients_bulk"


def name_of(patient: Listed) -> str:
    """Return the name of a row's patient, as lists show it."""
    return listed_name(_named(patient))


def identity_of(patient: Listed) -> tuple[str, str, str]:
    """Return a row's patient by name, then what distinguishes others of that name."""
    record = _named(patient)
    return listed_name(record), born(record, today()), numbered(record)


def _named(patient: Listed) -> PatientRecord:
    # People who see no names cannot act on several patients.
    assert isinstance(patient, PatientRecord)  # noqa: S101
    return patient


def _counted(count: int) -> str:
    return ngettext("{count} patient", "{count} patients", count).format(count=count)


ACTS: Final[BulkActs[Listed]] = BulkActs(
    PAGE,
    (marked("patient"), marked("patients")),
    _counted,
    name_of,
    NoSuchPatient,
)


def selection_for(listing: Listing) -> Selection | None:
    """Return the actions that somebody may take on several patients, if any."""
    actions = tuple(_actions(listing))
    noun = (_(ACTS.noun[0]), _(ACTS.noun[1]))
    return Selection(noun, actions) if actions else None


def show_summary() -> None:
    """Show how the last action on several patients turned out, until dismissed."""
    ACTS.show_summary()


def _actions(listing: Listing) -> Iterator[RowAction]:
    may, is_archive = listing.actor.may, listing.criteria.archived
    if may(Permission.ASSIGN_CARE) and not is_archive:
        yield RowAction("assign", _("Assign clinician"), "stethoscope")
    # Letters are written where documents are: see pages/patients/patients.py.
    writes = may(Permission.FILE_DOCUMENTS) and may(Permission.VIEW_PATIENT)
    if writes and not is_archive:
        yield RowAction(LETTER, _("Write letter"), "stacked_email")
    if may(Permission.INVITE_PATIENT) and not is_archive:
        yield RowAction("invite", _("Invite"), "mail")
    if may(Permission.EXPORT_PATIENTS) and may(Permission.VIEW_NAMES):
        yield RowAction("export", _("Export"), "download")
    if may(Permission.ARCHIVE_PATIENT):
        if is_archive:
            yield RowAction("restore", _("Restore"), "unarchive")
        else:
            yield RowAction("archive", _("Archive"), "archive")
