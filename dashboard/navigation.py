"""Which pages there are, and who gets to see which.

A page that the actor's role may not open is not handed to Streamlit at all. At its
address stands one that says so, and that somebody tried is written down.
"""

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, NoReturn
from uuid import UUID

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard import context
from dashboard.web.page_scripts import SCRIPTS
from services.core.actors import TO_LIST_DELETED, Actor, Permission, Role

_PAGES = Path(__file__).resolve().parents[1] / "pages"


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One page; without a permission it is everybody's."""

    file: str
    title: str
    icon: str
    permission: Permission | None = None
    visibility: Literal["visible", "hidden"] = "visible"


# Reached from a list or a patient; alone they would not know whom they are about.
_HIDDEN: Final = "hidden"


def _both(
    file: str, title: str, icon: str, *, files: bool = False
) -> tuple[NavigationEntry, NavigationEntry]:
    """Return a hidden page that the clinic and its patients share, once for each."""
    clinic, own = (
        (Permission.FILE_DOCUMENTS, Permission.FILE_OWN_DOCUMENTS)
        if files
        else (Permission.VIEW_DOCUMENTS, Permission.VIEW_OWN_DOCUMENTS)
    )
    return (
        NavigationEntry(file, title, icon, clinic, _HIDDEN),
        NavigationEntry(file, title, icon, own, _HIDDEN),
    )


_PLACES: Final = (
    NavigationEntry("home.py", "Home", "home"),
    NavigationEntry("visits/day.py", "Your day", "today", Permission.WRITE_RECORDS),
    NavigationEntry("visits/desk.py", "Front desk", "desk", Permission.RUN_THE_DESK),
    NavigationEntry(
        "patients/patients.py", "Patients", "groups", Permission.LIST_PATIENTS
    ),
    NavigationEntry(
        "patients/register.py", "Register", "person_add", Permission.REGISTER_PATIENT
    ),
    NavigationEntry(
        "documents/documents.py", "Documents", "folder_open", Permission.VIEW_DOCUMENTS
    ),
    NavigationEntry(
        "patients/my_record.py", "My record", "badge", Permission.VIEW_OWN_RECORD
    ),
    # The same page; no role has both permissions.
    NavigationEntry(
        "documents/documents.py",
        "My documents",
        "folder_open",
        Permission.VIEW_OWN_DOCUMENTS,
    ),
    NavigationEntry(
        "visits/visits.py", "My visits", "event", Permission.VIEW_OWN_VISITS
    ),
    NavigationEntry(
        "visits/book.py", "Book", "event_available", Permission.BOOK_OWN_VISITS
    ),
    NavigationEntry(
        "visits/book.py", "Book", "event_available", Permission.BOOK_VISITS
    ),
    NavigationEntry(
        "audit/accesses.py", "Who looked", "visibility", Permission.VIEW_OWN_ACCESSES
    ),
    NavigationEntry(
        "patients/views.py", "Saved views", "bookmarks", Permission.SAVE_VIEWS
    ),
    NavigationEntry(
        "visits/doctors.py", "Doctors", "stethoscope", Permission.VIEW_DOCTORS
    ),
    NavigationEntry(
        "visits/doctor.py", "Doctor", "stethoscope", Permission.VIEW_DOCTORS, _HIDDEN
    ),
    NavigationEntry(
        "visits/doctor_plan.py",
        "Plan of a doctor",
        "edit_calendar",
        Permission.MANAGE_DOCTORS,
        _HIDDEN,
    ),
    NavigationEntry(
        "patients/break_glass.py",
        "Open a record",
        "emergency_home",
        Permission.BREAK_GLASS,
    ),
    NavigationEntry(
        "patients/break_glass_review.py",
        "Review",
        "fact_check",
        Permission.REVIEW_BREAK_GLASS,
    ),
    NavigationEntry(
        "consultations/check_prescription.py",
        "Check a prescription",
        "verified",
        Permission.VIEW_PRESCRIPTIONS,
        _HIDDEN,
    ),
    NavigationEntry(
        "consultations/check_prescription.py",
        "Check a prescription",
        "verified",
        Permission.VIEW_OWN_PRESCRIPTIONS,
        _HIDDEN,
    ),
    NavigationEntry(
        "people/users.py", "People", "manage_accounts", Permission.MANAGE_USERS
    ),
    NavigationEntry("people/tokens.py", "Tokens", "key", Permission.MANAGE_TOKENS),
    NavigationEntry("audit/audit.py", "Audit", "policy", Permission.VIEW_AUDIT),
    NavigationEntry(
        "visits/statistics.py", "Statistics", "bar_chart", Permission.VIEW_STATISTICS
    ),
    NavigationEntry("visits/outbox.py", "Outbox", "outbox", Permission.VIEW_OUTBOX),
    NavigationEntry(
        "documents/retention.py",
        "Retention",
        "auto_delete",
        Permission.MANAGE_RETENTION,
    ),
    NavigationEntry(
        "cluster/replication.py", "Replication", "dns", Permission.VIEW_REPLICATION
    ),
    NavigationEntry(
        "cluster/switchover.py",
        "Change the primary",
        "swap_horiz",
        Permission.ACT_ON_CLUSTER,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/one_server.py",
        "Servers",
        "storage",
        Permission.ACT_ON_CLUSTER,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/steering.py", "Steering", "tune", Permission.ACT_ON_CLUSTER, _HIDDEN
    ),
    NavigationEntry(
        "cluster/alerts.py",
        "Alerts",
        "notifications",
        Permission.VIEW_REPLICATION,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/cluster_history.py",
        "History of the servers",
        "history",
        Permission.VIEW_REPLICATION,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/drills.py",
        "Drills",
        "fire_extinguisher",
        Permission.VIEW_REPLICATION,
        _HIDDEN,
    ),
    NavigationEntry(
        "patients/patient.py", "Patient", "person", Permission.VIEW_PATIENT, _HIDDEN
    ),
    NavigationEntry(
        "visits/visits.py", "Visits", "event", Permission.VIEW_VISITS, _HIDDEN
    ),
    NavigationEntry(
        "patients/past.py", "As it was", "history", Permission.COPY_FROM_PAST, _HIDDEN
    ),
    NavigationEntry(
        "patients/edit.py", "Edit patient", "edit", Permission.EDIT_PATIENT, _HIDDEN
    ),
    NavigationEntry(
        "patients/photo.py", "Photo", "photo_camera", Permission.EDIT_PATIENT, _HIDDEN
    ),
    NavigationEntry(
        "patients/merge.py", "Merge", "merge", Permission.MERGE_PATIENTS, _HIDDEN
    ),
    *_both("documents/document.py", "Document", "description"),
    *_both("documents/compare.py", "Compare", "compare"),
    *_both("documents/upload_documents.py", "Upload", "upload_file", files=True),
    *(
        NavigationEntry("documents/trash.py", "Trash", "delete", needed, _HIDDEN)
        for needed in TO_LIST_DELETED
    ),
    NavigationEntry(
        "documents/create_document.py",
        "Create a document",
        "edit_document",
        Permission.FILE_DOCUMENTS,
        _HIDDEN,
    ),
    NavigationEntry(
        "consultations/visit.py",
        "Visit",
        "stethoscope",
        Permission.WRITE_RECORDS,
        _HIDDEN,
    ),
    NavigationEntry(
        "people/user.py", "Person", "person", Permission.MANAGE_USERS, _HIDDEN
    ),
    NavigationEntry(
        "people/invite.py", "Invite", "person_add", Permission.MANAGE_USERS, _HIDDEN
    ),
    NavigationEntry(
        "people/new_token.py", "New token", "key", Permission.MANAGE_TOKENS, _HIDDEN
    ),
    NavigationEntry(
        "people/my_tokens.py", "My tokens", "key", Permission.OWN_TOKENS, _HIDDEN
    ),
    NavigationEntry("people/roles.py", "Roles", "shield_person", None, _HIDDEN),
)


# Where to look for what an address does not name, or names no more.
_LISTS: Final = {
    "documents/documents.py": {
        "documents",
        "document",
        "compare",
        "create_document",
        "upload_documents",
    },
    "patients/patients.py": {
        "patients",
        "patient",
        "edit",
        "photo",
        "merge",
        "past",
        "visits",
        "book",
    },
    "visits/doctors.py": {"doctor", "doctor_plan"},
    "visits/day.py": {"visit"},
    "people/users.py": {"user"},
}


def pages_for(actor: Actor) -> list[StreamlitPage]:
    """Return the pages this person may open, in the order of the menu.

    One flat list: on a phone the menu becomes a sidebar, whose groups are no valid
    list for a screen reader (Streamlit 1.67).
    """
    opened = {place.file for place in _PLACES if _is_for(actor, place)}
    shut = {place.file: place for place in _PLACES if place.file not in opened}
    pages = [_page(place) for place in _PLACES if _may_open(actor, place)]
    pages.append(_page(_account_of(actor)))
    # Last, because a person's first page is their home.
    pages.extend(_closed_page(place) for place in shut.values())
    # Streamlit notes in a page that it is the one that runs, or the first one.
    return [copy(page) for page in pages]


# Made once for everybody: each looks its file up on the disk, and those of a thousand
# open pages took 80 kB each. More than there are pages, because each person's name is
# the title of their account.
_MADE: Final = 2048


@lru_cache(_MADE)
def _page(place: NavigationEntry) -> StreamlitPage:
    """Return the page as Streamlit wants it."""
    return st.Page(
        _PAGES / place.file,
        title=place.title,
        icon=f":material/{place.icon}:",
        default=place.file == "home.py",
        visibility=place.visibility,
    )


@lru_cache(_MADE)
def _closed_page(place: NavigationEntry) -> StreamlitPage:
    """Return what stands at the page's address for those who may not open it."""

    def refuse() -> None:
        assert place.permission is not None  # noqa: S101 (others are everybody's)
        context.require(place.permission)

    return st.Page(
        refuse,
        title="Not allowed",
        url_path=Path(place.file).stem,
        visibility="hidden",
    )


def _account_of(actor: Actor) -> NavigationEntry:
    """Name the person, so that at a shared desk everybody sees whose session it is.

    A patient's name stays out of the title, which a browser keeps in its history.
    """
    is_patient = actor.role is Role.PATIENT
    return NavigationEntry(
        "people/account.py", "Account" if is_patient else actor.name, "account_circle"
    )


def _may_open(actor: Actor, place: NavigationEntry) -> bool:
    # A patient's home is their record; the clinic's figures are not for them.
    if actor.role is Role.PATIENT and place.file == "home.py":
        return False
    return _is_for(actor, place)


def _is_for(actor: Actor, place: NavigationEntry) -> bool:
    return place.permission is None or actor.may(place.permission)


def go(file: str, **query: str) -> NoReturn:
    """Leave for another page of ours."""
    st.switch_page(path_of(file), query_params=query)


def offer_list(page: str) -> None:
    """Offer the list in which to find what a page was asked for, if there is one."""
    actor = context.current_actor()
    for place in _PLACES:
        if page in _LISTS.get(place.file, ()) and _may_open(actor, place):
            if st.button(
                place.title, key="navigation_list", icon=f":material/{place.icon}:"
            ):
                go(place.file)
            return


def leave_for(path: str) -> None:
    """Leave for a page of the server that is not Streamlit's, in this same tab.

    A link would open a second tab and leave this one signed in.
    """
    st.html(
        f"<script>{SCRIPTS[path]}</script>",
        unsafe_allow_javascript=True,
    )


def path_of(file: str) -> str:
    """Return where a page of ours is, for a link to it."""
    return str(_PAGES / file)


def open_patient(patient_id: UUID | str) -> NoReturn:
    """Go to a patient's page."""
    go("patients/patient.py", patient=str(patient_id))


def open_list(key: str) -> NoReturn:
    """Go to the list of patients behind a key; the empty key is everybody."""
    go("patients/patients.py", **({"list": key} if key else {}))


def patient_url(patient_id: UUID) -> str:
    """Return the address of a patient's page, for a link that opens a new tab."""
    return f"patient?patient={patient_id}"
