"""What a document is: its title, its state in words, and the facts of one version."""

import streamlit as st

from dashboard.documents.records import document_words as words
from dashboard.documents.tags.tag_words import show_tags
from dashboard.navigation import patient_url
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.record_table import Cell
from dashboard.ui.words import at, plain
from services.documents.records.model import DocumentRecord, VersionRecord

_COLOURS = {"danger": "red", "warn": "orange", "ok": "green", "info": "blue"}


def document_header(record: DocumentRecord, *, links_to_patient: bool) -> None:
    """Show the title, whose document it is, and what to know before opening it."""
    name_breadcrumb("document", record.title, document=str(record.id))
    page_header(plain(record.title))
    badges(tuple(words.states(record)))
    show_tags(record.tags)
    patient = _patient(record, links=links_to_patient)
    facts = [patient, words.kind(record), words.kept_as(record)]
    if record.dated_on:
        facts.insert(2, f"dated {words.day(record.dated_on)}")
    st.markdown(" · ".join(facts))
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
    """Say in full what was found in a version, if anything was."""
    sentences = [words.FINDINGS.get(finding, finding) for finding in version.findings]
    if version.reading == "none":
        sentences.append("Pictures without text: the search finds its title only")
    if sentences:
        st.markdown("\n".join(f"- {sentence}." for sentence in sentences))


def version_facts(record: DocumentRecord) -> None:
    """Show the facts of the version that is shown, for whoever checks it."""
    version = record.version
    latest = "the latest" if version.number == record.latest else "an earlier one"
    st.table(
        {
            "Version": f"{version.number}, {latest} of {record.latest}",
            "File": plain(version.filename),
            "Size": f"{words.size(version.filesize)}, {words.pages(version)}",
            "Filed": f"{at(version.created_at)} by {plain(version.author_name)}",
            "Source": words.origin(version),
        },
        border="horizontal",
        alt="Facts of this version",
    )
    # Beside the table: it cannot be broken there, and a phone would have to scroll.
    st.caption(f"SHA-256 `{version.sha256}`")
    st.caption(
        f"Document filed {at(record.created_at)} by {plain(record.created_by_name)} · "
        f"last changed {at(record.updated_at)} · id {record.id}"
    )


def _patient(record: DocumentRecord, *, links: bool) -> str:
    if record.patient_id is None:
        return ":orange[:material/move_to_inbox:] Unfiled: no patient yet"
    name = plain(record.patient_name or "")
    return f"[{name}]({patient_url(record.patient_id)})" if links else name
