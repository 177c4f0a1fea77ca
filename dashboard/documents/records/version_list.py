"""A document's versions one below the other; every button names its version."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.documents.records import document_words as words
from dashboard.documents.records.document_facts import badges
from dashboard.ui.language import gettext as _
from dashboard.ui.words import at, plain
from services.documents.records.model import VersionRecord


@dataclass(frozen=True, slots=True)
class VersionRequest:
    """An action, and the version to which it applies."""

    action: str
    number: int


def version_list(
    page: str,
    versions: Sequence[VersionRecord],
    *,
    shown: int,
    download_of: Callable[[VersionRecord], str] | None,
    may_restore: bool,
) -> VersionRequest | None:
    """Show the versions, newest first; return the action chosen for one.

    Without `download_of`, as for a deleted document, nothing can be downloaded.
    """
    wanted: list[VersionRequest] = []
    latest = max(version.number for version in versions)
    for version in versions:
        number, is_latest = version.number, version.number == latest
        with st.container(border=True):
            _facts(version, is_latest=is_latest, is_shown=number == shown)
            if download_of is None:
                continue
            with st.container(horizontal=True):
                if version.is_served:
                    st.link_button(
                        _("Download version {number}").format(number=number),
                        download_of(version),
                        key=f"{page}_download_{number}",
                        icon=":material/download:",
                    )
                for action, label, icon in _actions(
                    version, latest, shown=shown, may_restore=may_restore
                ):
                    key = f"{page}_{action}_{number}"
                    if st.button(label, key=key, icon=f":material/{icon}:"):
                        wanted.append(VersionRequest(action, number))
    return next(iter(wanted), None)


def _actions(
    version: VersionRecord, latest: int, *, shown: int, may_restore: bool
) -> Iterator[tuple[str, str, str]]:
    number = version.number
    if number != shown:
        yield "view", _("View version {number}").format(number=number), "visibility"
    if number != latest:
        yield (
            "compare",
            _("Compare version {number} with {latest}").format(
                number=number, latest=latest
            ),
            "compare",
        )
        if may_restore and version.is_served:
            yield (
                "restore",
                _("Restore version {number}").format(number=number),
                "history",
            )


def _facts(version: VersionRecord, *, is_latest: bool, is_shown: bool) -> None:
    notes = [_("the latest")] * is_latest + [_("shown here")] * is_shown
    marks = f" ({', '.join(notes)})" if notes else ""
    st.markdown(
        _("**Version {number}**{marks} · {filename}").format(
            number=version.number, marks=marks, filename=plain(version.filename)
        )
    )
    st.caption(
        _("{origin} {created_at} by {author_name} · {size} · {pages}").format(
            origin=words.origin(version),
            created_at=at(version.created_at),
            author_name=plain(version.author_name),
            size=words.size(version.filesize),
            pages=words.pages(version),
        )
    )
    badges(tuple(words.version_states(version)))
