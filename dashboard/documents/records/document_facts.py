"""A document's title, its states as text, and the facts of one version."""

import streamlit as st

from dashboard.context import current_actor
from dashboard.documents.fields.field_words import show_fields
from dashboard.documents.records import document_words as words
from dashboard.documents.tags.tag_words import show_tags
from dashboard.navigation import patient_url
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.record_table import Cell
from dashboard.ui.words import at, name_in_list, plain
from services.core.actors import Role
from services.documents.records.model import DocumentRecord, VersionRecord

_COLOURS = {"danger": "red", "warn": "orange", "ok": "green", "info": "blue"}


def document_header(record: DocumentRecord, *, links_to_patient: bool) -> None:
    """Show the title, the patient, and what to know before opening the document."""
    name_breadcrumb("document", record.title, document=str(record.id))
    page_header(plain(record.title))
    badges(tuple(words.states(record)))
    show_tags(record.tags)
    patient = _patient(record, links=links_to_patient)
    facts = [patient, words.kind(record), words.kept_as(record)]
    if record.dated_on:
        facts.insert(2, _("dated {day}").format(day=words.day(record.dated_on)))
    st.markdown(" · ".join(facts))
    show_fields(record)
    if record.description:
        st.markdown(plain(record.description))


def badges(cells: tuple[Cell, ...]) -> None:
    """Show states, each with an icon beside its colour."""
    if not cells:
        return
    with st.container(horizontal=True, gap="small"):
        for cell in cells:
            colour = _COLOURS.get(cell.tone, "gray")
            st.badge(cell.text, icon=f":material/{cell.icon}:", color=colour)  # type: ignore[arg-type]


def show_findings(version: VersionRecord) -> None:
    """Show in full what was found in a version, if anything was."""
    sentences = [
        _(words.FINDINGS.get(finding, finding)) for finding in version.findings
    ]
    if version.reading == "none":
        sentences.append(_("Pictures without text: search finds only its title"))
    if sentences:
        st.markdown("\n".join(f"- {sentence}." for sentence in sentences))


def version_facts(record: DocumentRecord) -> None:
    """Show the facts of the version on screen; to the clinic, also how to verify it."""
    version = record.version
    latest = _("the latest") if version.number == record.latest else _("an earlier one")
    st.table(
        {
            _("Version"): _("{number}, {latest} of {number_of_all}").format(
                number=version.number, latest=latest, number_of_all=record.latest
            ),
            _("File"): plain(version.filename),
            _("Size"): f"{words.size(version.filesize)}, {words.pages(version)}",
            _("Filed"): _("{at} by {author}").format(
                at=at(version.created_at), author=plain(version.author_name)
            ),
            _("Source"): words.origin(version),
        },
        border="horizontal",
        alt=_("Version details"),
    )
    if current_actor().role is Role.PATIENT:
        return
    # Below the table: inside it the digest would not wrap, and a phone would scroll.
    st.caption(_("SHA-256 `{sha256}`").format(sha256=version.sha256))
    st.caption(
        _(
            "Document filed {created_at} by {created_by_name} · last changed "
            "{updated_at} · id {id}"
        ).format(
            created_at=at(record.created_at),
            created_by_name=plain(record.created_by_name),
            updated_at=at(record.updated_at),
            id=record.id,
        )
    )


def _patient(record: DocumentRecord, *, links: bool) -> str:
    if record.patient_id is None:
        return _(":orange[:material/move_to_inbox:] Unfiled: no patient yet")
    name = plain(name_in_list(record))
    return f"[{name}]({patient_url(record.patient_id)})" if links else name
