"""Who treats a patient, and who has the record open without doing so."""

from uuid import UUID

import streamlit as st

from dashboard.context import CachedRead, current_actor, read, read_all, write
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.patients.care import break_glass, care
from services.patients.care.break_glass import EmergencyAccess
from services.patients.care.care import Carer
from services.patients.records.model import PatientRecord


def show_outside_care(patient: PatientRecord) -> None:
    """Warn that somebody has the record open without treating the patient."""
    actor = current_actor()
    (accesses,) = read_all(outside_care_read(patient.id))
    for access in accesses:
        is_mine = access.clinician_id == actor.id
        said = (
            _(
                "You have this record open until {time} without treating the patient. "
                "The administrators review it."
            )
            if is_mine
            else _(
                "{name} has this record open until {time} without treating the "
                "patient. The administrators review it."
            )
        )
        st.warning(
            said.format(name=plain(access.clinician_name), time=at(access.expires_at)),
            title=_("Opened through emergency access"),
            icon=":material/emergency_home:",
        )


def outside_care_read(patient_id: UUID) -> CachedRead[tuple[EmergencyAccess, ...]]:
    """Return the read that `show_outside_care` needs."""
    actor = current_actor()
    return CachedRead(
        lambda s: break_glass.list_current(s, actor, patient_id),
        keep=("outside_care", patient_id),
    )


@st.fragment
def care_team(patient: PatientRecord) -> None:
    """Show who treats the patient; offer to add clinicians and to end treatments."""
    with error_boundary():
        actor = current_actor()
        (team,) = read_all(care_team_read(patient))
        st.subheader(_("Treated by"), anchor=False)
        if not team:
            st.caption(_("No clinician treats this patient yet."))
        in_charge = care.is_in_charge(actor, team)
        for carer in team:
            _carer(patient, carer, can_end=in_charge)
        if in_charge and not patient.is_archived:
            _choose_another(patient, team)


def care_team_read(patient: PatientRecord) -> CachedRead[tuple[Carer, ...]]:
    """Return the read that `care_team` needs."""
    actor = current_actor()
    return CachedRead(
        lambda s: care.list_team(s, actor, patient.id), keep=("team", patient.id)
    )


def _carer(patient: PatientRecord, carer: Carer, *, can_end: bool) -> None:
    actor = current_actor()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            _("**{name}** :gray[since {time}]").format(
                name=plain(carer.clinician.name), time=at(carer.since)
            ),
            width="stretch",
        )
        ends = can_end and st.button(
            _("End"), key=f"patient_care_end_{carer.clinician.id}", type="tertiary"
        )
    if ends:
        clinician_id = carer.clinician.id
        write(lambda s: care.end(s, actor, patient.id, clinician_id))
        notify(
            _("{name} no longer treats this patient.").format(
                name=plain(carer.clinician.name)
            )
        )
        if clinician_id == actor.id:
            go("patients/patients.py")
        st.rerun()


def _choose_another(patient: PatientRecord, team: tuple[Carer, ...]) -> None:
    actor = current_actor()
    treating = {member.clinician for member in team}
    clinicians = read(
        lambda s: care.list_clinicians(s, actor), keep="clinicians", seconds=60
    )
    free = [clinician for clinician in clinicians if clinician not in treating]
    if not free:
        return
    labels = distinct_names({clinician: clinician.name for clinician in free})
    with (
        st.form("patient_care_form", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        chosen = st.selectbox(
            _("Clinician"),
            free,
            format_func=labels.__getitem__,
            key="patient_care_clinician",
        )
        assigns = st.form_submit_button(
            _("Assign"), key="patient_care_assign", icon=":material/person_add:"
        )
    if assigns and chosen:
        clinician_id = chosen.id
        write(lambda s: care.assign(s, actor, patient.id, clinician_id))
        notify(_("{name} now treats this patient.").format(name=plain(chosen.name)))
        st.rerun()
