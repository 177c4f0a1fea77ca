"""The prescription of a visit: written, warned about, issued, amended, withdrawn."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.prescriptions import prescription_draft, prescription_form
from dashboard.consultations.prescriptions.signed_papers import show_signed_papers
from dashboard.context import current_actor, now, read, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.language import gettext as _, marked, refusal_text, translated
from dashboard.ui.notices import notify
from dashboard.ui.outcomes.field_problems import show_problem
from dashboard.ui.record_table import Cell, Column, Piece, Row, record_table
from dashboard.ui.words import at, plain
from dashboard.web.page_context.file_stores import prescription_issuer
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionOrder,
    PrescriptionRecord,
    PrescriptionStatus,
)
from services.consultations.prescriptions.allergies import as_sentence
from services.consultations.prescriptions.errors import (
    DrugWarnings,
    InvalidPrescription,
)
from services.consultations.prescriptions.rules import problems_of
from services.core.actors import Permission
from services.core.errors import Problem
from services.core.reasons import LONGEST
from services.patients.records.model import PatientRecord
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_AMENDING: Final = "prescription_amending"
_AT_WORK: Final = (
    VisitStatus.CHECKED_IN,
    VisitStatus.IN_ROOM,
    VisitStatus.COMPLETED,
)
_COLUMNS = (
    marked("Drug"),
    marked("Dose"),
    marked("Frequency"),
    marked("Duration"),
    marked("Quantity"),
)


def panel(visit: VisitRecord, patient: PatientRecord) -> None:
    """Show the prescription of the visit, or offer to write one.

    Drugs are checked against the patient's allergies while they are typed, and against
    the current ones when they are issued.
    """
    actor = current_actor()
    if not actor.may(Permission.VIEW_PRESCRIPTIONS):
        return
    st.subheader(_("Prescription"), anchor=False)
    prescription = read(lambda s: prescriptions.find_of_visit(s, actor, visit.id))
    if prescription is not None and not _is_amended(prescription):
        was_typing = prescription_draft.keep_last(visit.id)
        if was_typing and prescription.version.author_id != actor.id:
            _show_overtaken(prescription)
        _show(prescription)
    elif not actor.may(Permission.PRESCRIBE):
        st.caption(_("Nothing was prescribed."))
    elif visit.status in _AT_WORK:
        _write(visit.id, prescription, patient)
    else:
        st.caption(_("Prescribing begins when the patient is checked in."))


def address_of(prescription_id: UUID, number: int) -> str:
    """Return the address to download a version; the route checks who is signed in."""
    return f"/api/prescriptions/{prescription_id}?version={number}"


def _is_amended(prescription: PrescriptionRecord) -> bool:
    """Return whether the form is filled with this version, to be amended.

    Whoever opens another visit meanwhile amends nothing there, and fills the form anew
    if they prescribe at it.
    """
    version = (prescription.id, prescription.version.number)
    is_about = prescription_form.is_about(prescription.appointment_id)
    return is_about and st.session_state.get(_AMENDING) == version


def _show_overtaken(prescription: PrescriptionRecord) -> None:
    """Show why the form is gone into which somebody was typing."""
    name = plain(prescription.version.author_name)
    st.warning(
        _(
            "**{name}** issued a prescription for this visit while you were writing. "
            "Yours was not issued. What you typed is kept as a draft, which *Amend* "
            "offers."
        ).format(name=name),
        icon=":material/group:",
    )


def _show(prescription: PrescriptionRecord) -> None:
    version = prescription.version
    if prescription.status is PrescriptionStatus.WITHDRAWN:
        st.warning(
            _("This prescription was cancelled and is no longer valid."),
            icon=":material/event_busy:",
        )
    lines_table(version.lines)
    if version.note:
        st.text(version.note)
    st.caption(
        _("Version {number}, signed and issued by {name} on {when}.").format(
            number=version.number,
            name=plain(version.author_name),
            when=at(version.created_at),
        )
    )
    with st.container(horizontal=True):
        st.link_button(
            _("Download"),
            address_of(prescription.id, version.number),
            icon=":material/download:",
        )
        if _may_change(prescription):
            if st.button(_("Amend"), key="prescription_amend", icon=":material/edit:"):
                prescription_form.begin(prescription)
                st.session_state[_AMENDING] = (prescription.id, version.number)
                st.rerun()
            if st.button(
                _("Cancel prescription"),
                key="prescription_withdraw",
                icon=":material/event_busy:",
            ):
                _withdraw(prescription)
    show_signed_papers(prescription)
    if prescription.latest > 1:
        _show_earlier(prescription)


def _show_earlier(prescription: PrescriptionRecord) -> None:
    with st.expander(_("Earlier versions")), error_boundary():
        actor = current_actor()
        for version in read(
            lambda s: prescriptions.versions(s, actor, prescription.id)
        ):
            if version.number != prescription.version.number:
                address = address_of(prescription.id, version.number)
                st.markdown(
                    _("[Version {number}]({address}), {name}, {when}").format(
                        number=version.number,
                        address=address,
                        name=plain(version.author_name),
                        when=at(version.created_at),
                    )
                )


def _write(
    visit_id: UUID, before: PrescriptionRecord | None, patient: PatientRecord
) -> None:
    prescription_draft.offer(visit_id)
    draft = prescription_form.ask(
        patient.allergies, _taken_beside(before, patient.current_medications)
    )
    prescription_draft.keep(visit_id, draft)
    with st.container(horizontal=True):
        is_wanted = st.button(
            _("Sign and issue")
            if before is None
            else _("Sign and issue the new version"),
            type="primary",
            key="prescription_issue",
            icon=":material/draw:",
        )
        if before is not None and st.button(
            _("Keep it as it is"), key="prescription_keep"
        ):
            _leave(visit_id)
            st.rerun()
    if is_wanted:
        try:
            _issue(visit_id, prescription_form.with_warnings(draft), before)
        except DrugWarnings as refusal:
            # The reason is asked for below each line; what was typed stays.
            st.error(plain(refusal_text(refusal)), icon=":material/allergy:")
            return
        except InvalidPrescription:
            if not problems_of(draft):
                # It is about what is printed, such as a character without a font.
                raise
            prescription_form.remember_refusal()
        else:
            _leave(visit_id)
            st.rerun()
    if prescription_form.was_refused():
        _show_problems(problems_of(draft))


def _taken_beside(
    before: PrescriptionRecord | None, medications: Sequence[str]
) -> tuple[str, ...]:
    """Return the medications without those of the prescription that is amended."""
    lines = before.version.lines if before is not None else ()
    own = {line.drug.casefold() for line in lines}
    return tuple(drug for drug in medications if drug.casefold() not in own)


def _show_problems(problems: Sequence[Problem]) -> None:
    """Name every field to correct, until it is corrected."""
    place = st.container(gap="small")
    for problem in problems:
        show_problem(place, problem.field, problem.message)


def _issue(
    visit_id: UUID, draft: DraftPrescription, before: PrescriptionRecord | None
) -> None:
    actor = current_actor()

    def prepare() -> PrescriptionOrder:
        if before is None:
            return read(lambda s: prescriptions.prepare(s, actor, visit_id, draft))
        return read(
            lambda s: prescriptions.prepare_amendment(
                s, actor, before.id, draft, number=before.version.number
            )
        )

    order = prepare()
    with st.spinner(_("Signing")):
        paper = prescription_issuer().make(order, now=now())
    with prescription_issuer().discarding_on_refusal(paper):
        issued = write(lambda s: prescriptions.issue(s, actor, order, paper))
    notify(
        _("Version {number} of the prescription is signed and issued.").format(
            number=issued.latest
        )
    )


def _leave(visit_id: UUID) -> None:
    prescription_draft.forget(visit_id)
    prescription_form.forget()
    st.session_state.pop(_AMENDING, None)


def _may_change(prescription: PrescriptionRecord) -> bool:
    is_issued = prescription.status is PrescriptionStatus.ISSUED
    return is_issued and current_actor().may(Permission.PRESCRIBE)


@dialog(marked("Cancel this prescription?"), icon=":material/event_busy:")
def _withdraw(prescription: PrescriptionRecord) -> None:
    with error_boundary():
        st.markdown(
            _(
                "It stays on record and is shown as cancelled. Copies already given "
                "out keep their signature: tell the patient and the pharmacy."
            )
        )
        reason = bounded_area(_("Reason"), key="prescription_reason", longest=LONGEST)
        if confirmed(
            _("Cancel prescription"),
            key="prescription_withdraw_now",
            is_final=True,
            otherwise=_("Keep it"),
        ):
            actor, number = current_actor(), prescription.version.number
            write(
                lambda s: prescriptions.withdraw(
                    s, actor, prescription.id, number=number, reason=reason or ""
                )
            )
            notify(_("The prescription is cancelled."), icon="event_busy")
            st.rerun()


def lines_table(lines: Sequence[PrescriptionLine]) -> None:
    """Show the lines, with overridden warnings and the reasons."""
    rows = [
        Row(
            str(index),
            (
                Cell(line.drug, lines=_override_lines(line)),
                Cell(translated(line.dose_and_route)),
                Cell(line.frequency),
                Cell(line.duration),
                Cell(translated(line.supply)),
            ),
        )
        for index, line in enumerate(lines)
    ]
    columns = [Column(_(name)) for name in _COLUMNS]
    record_table(columns, rows, name=_("Prescribed"), key="prescription_lines")


def _override_lines(line: PrescriptionLine) -> tuple[tuple[Piece, ...], ...]:
    if not line.warning:
        return ()
    reason = _("{warning} Reason for prescribing it: {reason}").format(
        warning=translated(as_sentence(line.warning)), reason=line.override_reason
    )
    return ((Piece(reason),),)
