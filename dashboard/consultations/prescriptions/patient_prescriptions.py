"""The prescriptions of a patient, on the page of their record."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.consultations.prescriptions.prescribing import address_of
from dashboard.consultations.prescriptions.signed_papers import (
    ADD,
    ask_for_signed_paper,
    paper_actions,
    scans_read,
)
from dashboard.context import CachedRead, current_actor, read_all
from dashboard.navigation import go
from dashboard.patients.chart.depth import most_shown, offer_earlier
from dashboard.patients.chart.timeline import ChartEvent, EventKind
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import at
from services.consultations import prescriptions
from services.consultations.prescriptions import PrescriptionRecord, PrescriptionStatus
from services.core.actors import Actor
from services.documents.records.model import DocumentRecord


@st.fragment
def show_prescriptions(patient_id: UUID, *, page: str) -> None:
    """Show prescriptions to people who may see them; each leads to its signed file."""
    actor = current_actor()
    if not actor.may(prescriptions.permission_to_view(actor)):
        return
    st.subheader(_("Prescriptions"), anchor=False)
    with error_boundary():
        (records,) = read_all(_prescriptions(actor, patient_id))
        if records:
            _show_table(records, key=f"{page}_prescriptions")
            offer_earlier(
                patient_id,
                len(records),
                _("The latest {number} prescriptions are shown."),
                key=f"{page}_prescriptions_more",
            )
        else:
            st.caption(_("Nothing has been prescribed yet."))
        if st.button(
            _("Check a prescription"),
            key=f"{page}_check_prescription",
            icon=":material/verified:",
            type="tertiary",
        ):
            go("consultations/check_prescription.py")


def prescription_reads(patient_id: UUID) -> list[CachedRead[Any]]:
    """Return the reads that `show_prescriptions` needs."""
    actor = current_actor()
    may = actor.may(prescriptions.permission_to_view(actor))
    return [_prescriptions(actor, patient_id)] if may else []


def prescription_events(patient_id: UUID) -> Iterator[ChartEvent]:
    """Return the prescriptions for the time line, each with its signed file."""
    actor = current_actor()
    if not actor.may(prescriptions.permission_to_view(actor)):
        return
    (records,) = read_all(_prescriptions(actor, patient_id))
    for record in records:
        version = record.version
        is_issued = record.status is PrescriptionStatus.ISSUED
        yield ChartEvent(
            EventKind.PRESCRIPTION,
            version.created_at,
            ", ".join(line.drug for line in version.lines),
            version.author_name,
            more="" if is_issued else _("Cancelled"),
            actions=(_download(record),),
        )


def _prescriptions(
    actor: Actor, patient_id: UUID
) -> CachedRead[tuple[PrescriptionRecord, ...]]:
    most = most_shown(patient_id)
    return CachedRead(
        lambda s: prescriptions.list_of_patient(s, actor, patient_id, limit=most),
        keep=("prescriptions", patient_id, most),
    )


def _show_table(records: Sequence[PrescriptionRecord], *, key: str) -> None:
    (scans,) = read_all(scans_read(current_actor(), [each.id for each in records]))
    columns = [
        Column(_("Issued")),
        Column(_("Drugs")),
        Column(_("By")),
        Column(_("State")),
    ]
    rows = [_row(record, scans.get(record.id, ())) for record in records]
    event = record_table(columns, rows, name=_("Prescriptions"), key=key)
    chosen = chosen_of(event, records, lambda record: record.id)
    if chosen and event.action and event.action[1] == ADD:
        ask_for_signed_paper(chosen)


def _row(record: PrescriptionRecord, scans: Sequence[DocumentRecord]) -> Row:
    version = record.version
    is_issued = record.status is PrescriptionStatus.ISSUED
    return Row(
        str(record.id),
        (
            Cell(at(version.created_at)),
            Cell(", ".join(line.drug for line in version.lines)),
            Cell(version.author_name),
            Cell(
                _("Issued") if is_issued else _("Cancelled"),
                "ok" if is_issued else "muted",
                actions=(_download(record), *paper_actions(scans)),
            ),
        ),
    )


def _download(record: PrescriptionRecord) -> RowAction:
    address = address_of(record.id, record.version.number)
    return RowAction("download", _("Download"), "download", address)
