"""The dialogs of actions on several patients, each checked by its permission.

A list loads this module once somebody has chosen an action.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.context import current_actor, last_write, read, write
from dashboard.patients.records.record_actions import warn_of_visits
from dashboard.patients.search.bulk_actions import ACTS, PAGE, name_of
from dashboard.patients.search.patient_listing import Listing
from dashboard.sign_in.account_emails import deliver
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.lists import list_addresses
from dashboard.ui.words import plain
from services.core import reasons
from services.lists.criteria import Filter, Group, Operator
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.patients.search import Listed
from services.people.accounts import invitations


def ask(listing: Listing, chosen: Sequence[Listed], action: str) -> None:
    """Open the dialog of an action."""
    _DIALOGS[action](listing, chosen)


def _assigned(clinician: str, count: int) -> str:
    return ngettext(
        "{count} patient assigned to {clinician}.",
        "{count} patients assigned to {clinician}.",
        count,
    ).format(count=count, clinician=clinician)


def _invited(count: int) -> str:
    return ngettext(
        "{count} patient invited.", "{count} patients invited.", count
    ).format(count=count)


def _archived(count: int) -> str:
    return ngettext(
        "{count} patient archived.", "{count} patients archived.", count
    ).format(count=count)


def _restored(count: int) -> str:
    return ngettext(
        "{count} patient restored.", "{count} patients restored.", count
    ).format(count=count)


@dialog(marked("Assign these patients to a clinician"), icon=":material/stethoscope:")
def _assign(__: Listing, chosen: Sequence[Listed]) -> None:
    with error_boundary():
        actor = current_actor()
        clinicians = read(
            lambda s: care.list_clinicians(s, actor), keep=("clinicians",)
        )
        labels = distinct_names({person: person.name for person in clinicians})
        clinician = st.selectbox(
            _("Clinician"),
            clinicians,
            index=None,
            format_func=labels.__getitem__,
            key=f"{ACTS.key_of(chosen)}_clinician",
            placeholder=_("Treating clinician"),
        )
        if confirmed(
            _("Assign {patients}").format(patients=ACTS.counted(len(chosen))),
            key=f"{PAGE}_assign_confirm",
            is_disabled=clinician is None,
        ):
            assert clinician is not None  # noqa: S101 - the button is disabled then

            def assign(patient: Listed) -> None:
                write(lambda s: care.assign(s, actor, patient.id, clinician.id))

            name = plain(clinician.name)
            ACTS.do(chosen, partial(_assigned, name), assign)


@dialog(marked("Invite these patients?"), icon=":material/mail:")
def _invite(__: Listing, chosen: Sequence[Listed]) -> None:
    with error_boundary():
        st.markdown(
            _(
                "{patients} get a link by e-mail and can then sign in to see their "
                "own records. Patients who have no e-mail address, or have signed in "
                "before, get no link and are listed afterwards."
            ).format(patients=ACTS.counted(len(chosen)))
        )
        if confirmed(
            _("Invite {patients}").format(patients=ACTS.counted(len(chosen))),
            key=f"{PAGE}_invite_confirm",
        ):
            ACTS.do(chosen, _invited, _invite_one)


def _invite_one(patient: Listed) -> str | None:
    """Invite a patient; return the link to pass on if no e-mail could be sent."""
    actor = current_actor()
    invited = write(lambda s: invitations.invite_patient(s, actor, patient.id))
    sent = deliver(invited)
    if sent.is_sent:
        return None
    return _(
        "No e-mail was sent to {name}. Give them this link yourself; it opens once, "
        "within three days: `{link}`"
    ).format(name=plain(invited.name), link=sent.link)


@dialog(marked("Export these patients"), icon=":material/download:")
def _export(listing: Listing, chosen: Sequence[Listed]) -> None:
    with error_boundary():
        ids = tuple(str(patient.id) for patient in chosen)
        only = Group(members=(Filter("id", Operator.IN, ids),))
        key = listing.key_of(replace(listing.criteria, where=only, search=""))
        if list_addresses.is_sealed(key):
            st.warning(_("Export is not available while the database is read-only."))
            return
        query = {"list": key, "after_lsn": str(last_write() or "")}
        st.link_button(
            _("Download {patients} as CSV").format(patients=ACTS.counted(len(chosen))),
            f"/files/patients.csv?{urlencode(query)}",
            icon=":material/download:",
            type="primary",
            key=f"{PAGE}_export_csv",
        )
        st.link_button(
            _("Download as an Excel workbook"),
            f"/files/patients.xlsx?{urlencode(query)}",
            icon=":material/table_view:",
            key=f"{PAGE}_export_xlsx",
        )
        st.caption(
            _("In the order of this list. The export is recorded in the audit log.")
        )


@dialog(marked("Archive these patients?"), icon=":material/archive:")
def _archive(__: Listing, chosen: Sequence[Listed]) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{patients}** will be removed from lists and search. Nothing is "
                "deleted; each record can be restored."
            ).format(patients=ACTS.counted(len(chosen)))
        )
        warn_of_visits({patient.id: name_of(patient) for patient in chosen})
        reason = bounded_area(
            _("Reason"),
            key=f"{ACTS.key_of(chosen)}_archive_reason",
            longest=reasons.LONGEST,
            help=_("For example “moved away”. Kept in the audit log with each record."),
        )
        if confirmed(
            _("Archive {patients}").format(patients=ACTS.counted(len(chosen))),
            key=f"{PAGE}_archive_confirm",
        ):
            # Checked here, where it was typed, so that it is not refused for each
            # patient.
            because = reasons.read(reason)
            ACTS.do(chosen, _archived, partial(_archive_one, reason=because))


def _archive_one(patient: Listed, *, reason: str) -> None:
    actor, version = current_actor(), _version_of(patient)
    write(
        lambda s: patients.archive(s, actor, patient.id, version=version, reason=reason)
    )


@dialog(marked("Restore these records?"), icon=":material/unarchive:")
def _restore(__: Listing, chosen: Sequence[Listed]) -> None:
    with error_boundary():
        st.markdown(
            _("{patients} will appear in lists and search again.").format(
                patients=ACTS.counted(len(chosen))
            )
        )
        if confirmed(
            _("Restore {patients}").format(patients=ACTS.counted(len(chosen))),
            key=f"{PAGE}_restore_confirm",
        ):
            ACTS.do(chosen, _restored, _restore_one)


def _restore_one(patient: Listed) -> None:
    actor, version = current_actor(), _version_of(patient)
    write(lambda s: patients.restore(s, actor, patient.id, version=version))


def _version_of(patient: Listed) -> int:
    """Return the version on screen; if it has changed since, the action is refused."""
    assert isinstance(patient, PatientRecord)  # noqa: S101 - who may archive sees names
    return patient.version


_DIALOGS: Final[dict[str, Callable[[Listing, Sequence[Listed]], None]]] = {
    "assign": _assign,
    "invite": _invite,
    "export": _export,
    "archive": _archive,
    "restore": _restore,
}
