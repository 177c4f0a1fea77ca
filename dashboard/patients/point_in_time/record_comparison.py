"""An earlier state of a record beside today's, and the form that copies it back."""

import time
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import read, today, write
from dashboard.navigation import open_patient
from dashboard.patients.point_in_time.point_in_time_source import (
    PointInTimeSource,
    require_shown_today,
)
from dashboard.patients.point_in_time.reasons import ask_why
from dashboard.patients.records.choose_fields import Version, choose_fields, differing
from dashboard.patients.records.patient_header import patient_header
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import at, full_name, plain
from services.core.actors import Actor
from services.core.errors import NotFound
from services.patients import point_in_time
from services.patients.point_in_time import RecordCopy, RecordSnapshot
from services.patients.records import patients
from services.patients.records.model import PatientDraft, PatientRecord

_LOOKED: Final = "past_looked"
_SECONDS: Final = 60.0


def compare(actor: Actor, patient_id: UUID, source: PointInTimeSource) -> None:
    """Show what differs between then and now, and copy the chosen values."""
    require_shown_today(patient_id)
    then = _then(actor, patient_id, source)
    current = _today(actor, patient_id)
    patient_header(then.patient, within="comparison")
    timestamp = at(then.timestamp) if then.timestamp else _("then")
    happened = _what_happened(then.patient, current)
    st.markdown(
        _("As of **{time}**. {happened}").format(time=timestamp, happened=happened)
    )
    if current is not None and current.merged_into_id:
        st.info(
            _("It has since been merged into another record; a merge cannot be undone.")
        )
        return
    result = then.patient.draft()
    if current is not None:
        if not differing(then.patient.draft(), current.draft()):
            if not current.is_archived:
                st.caption(_("Nothing to copy: the record is the same today."))
                return
        else:
            result = choose_fields(
                # Choices are for this patient and no other.
                f"past_{patient_id.hex}",
                Version(_("As of {time}").format(time=timestamp), then.patient.draft()),
                Version(_("Today"), current.draft()),
                start=then.patient.draft(),
            )
    _ask_why(actor, then, current, result, source)


def _ask_why(
    actor: Actor,
    then: RecordSnapshot,
    current: PatientRecord | None,
    result: PatientDraft,
    source: PointInTimeSource,
) -> None:
    if (reason := ask_why("past", then.patient.id, _("Copy back"))) is None:
        return
    with error_boundary():
        version = current.version if current else None
        copy = RecordCopy(then.patient.id, result, version, then.timestamp, reason)
        copied = write(lambda s: point_in_time.copy_back(s, actor, copy, today=today()))
        source.release()
        notify(
            _("{name} is restored as it was.").format(name=plain(full_name(copied))),
            icon="history",
        )
        open_patient(copied.id)


def _then(actor: Actor, patient_id: UUID, source: PointInTimeSource) -> RecordSnapshot:
    """Return the record of then, kept for a while so that clicks need not read it."""
    snapshot: RecordSnapshot | None
    key, snapshot, until = st.session_state.get(_LOOKED, ("", None, 0.0))
    if (
        snapshot is None
        or key != source.key
        or snapshot.patient.id != patient_id
        or until < time.monotonic()
    ):
        snapshot = source.read(
            lambda s, as_of: point_in_time.read_record(
                s, actor, patient_id, as_of=as_of
            )
        )
        st.session_state[_LOOKED] = (source.key, snapshot, time.monotonic() + _SECONDS)
    return snapshot


def _today(actor: Actor, patient_id: UUID) -> PatientRecord | None:
    try:
        return read(lambda s: patients.get_patient(s, actor, patient_id))
    except NotFound:
        return None


def _what_happened(then: PatientRecord, current: PatientRecord | None) -> str:
    if current is None:
        return _("The record no longer exists.")
    if current.is_archived and not then.is_archived:
        return _("The record has since been archived.")
    if current.version != then.version:
        return _("The record has since been changed.")
    return _("The record has not changed since.")
