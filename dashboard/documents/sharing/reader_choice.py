"""Confidential documents at the front desk: who opens them, and that they exist."""

from uuid import UUID

import streamlit as st

from dashboard.context import CachedRead, current_actor, read, read_all
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.words import at
from services.core.actors import Role
from services.documents.records.model import DocumentRecord
from services.documents.sharing import readers

_SECONDS = 30.0


def readers_field(key: str, record: DocumentRecord) -> list[UUID]:
    """Ask who else at the front desk may open a confidential document."""
    actor = current_actor()
    candidates = read(
        lambda session: readers.list_candidates(session, actor),
        keep="reader candidates",
        seconds=_SECONDS,
    )
    named = read(
        lambda session: readers.list_readers(session, actor, record.id),
        keep=("readers", record.id, record.revision),
    )
    everybody = (*candidates, *named)
    labels = distinct_names({person.id: person.name for person in everybody})
    # Readers who have left are dropped when somebody saves.
    there = {candidate.id for candidate in candidates}
    st.session_state.setdefault(
        f"{key}_readers", [reader.id for reader in named if reader.id in there]
    )
    chosen: list[UUID] = st.multiselect(
        _("Also opens for"),
        [candidate.id for candidate in candidates],
        format_func=labels.__getitem__,
        key=f"{key}_readers",
        placeholder=_("Nobody else at the front desk"),
        help=_(
            "People at the front desk. Clinicians who treat the patient can open it "
            "anyway, and in an emergency any clinician who gives a reason."
        ),
    )
    return chosen


def confidential_reads(patient_id: UUID) -> list[CachedRead[readers.ConfidentialCount]]:
    """Return the reads that `show_confidential_count` needs."""
    actor = current_actor()
    if actor.role is not Role.STAFF:
        return []
    return [
        CachedRead(
            lambda session: readers.count_confidential(session, actor, patient_id),
            keep=("sealed", actor.id, patient_id),
            seconds=_SECONDS,
        )
    ]


def show_confidential_count(patient_id: UUID) -> bool:
    """Show the front desk that there are documents it cannot open; return if any."""
    if not (reads := confidential_reads(patient_id)):
        return False
    sealed: readers.ConfidentialCount
    (sealed,) = read_all(*reads)
    if not sealed.number or sealed.last_filed_at is None:
        return False
    st.caption(
        ngettext(
            ":material/lock: {number} confidential document{urgent}, filed {time}: "
            "only clinicians who treat the patient can open it.",
            ":material/lock: {number} confidential documents{urgent}, the last filed "
            "{time}: only clinicians who treat the patient can open them.",
            sealed.number,
        ).format(
            number=sealed.number,
            urgent=_urgent(sealed.urgent, sealed.number),
            time=at(sealed.last_filed_at),
        )
    )
    return True


def _urgent(urgent: int, number: int) -> str:
    """Return how many of the documents are urgent, as text; empty for none."""
    if not urgent:
        return ""
    if number == 1:
        return _(", urgent")
    return _(", {urgent} of them urgent").format(urgent=urgent)
