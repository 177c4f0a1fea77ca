"""Which pages there are, and who may open which.

A page that the actor's role may not open is not handed to Streamlit at all. At its
address is a page that says so, and the attempt is written to the audit log.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, NoReturn, TypedDict
from uuid import UUID

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard import context
from dashboard.ui.language import (
    LANGUAGE_NAMES,
    catalogue,
    current_language,
    gettext as _,
)
from dashboard.ui.words import order_of
from dashboard.web.page_scripts import SCRIPTS
from services.core.actors import FAMILY_FIRST, PERMISSIONS, Actor, Permission, Role

_PAGES = Path(__file__).resolve().parents[1] / "pages"


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One page; without a permission it is open to everybody."""

    file: str
    title: str
    icon: str
    permission: Permission | None = None
    visibility: Literal["visible", "hidden"] = "visible"


# Reached from a list or a patient; on their own they would not know whom they are
# about.
_HIDDEN: Final = "hidden"
_ACCOUNT: Final = "people/account.py"
_NOTIFICATIONS: Final = "people/notifications.py"


def _both(file: str, title: str, icon: str) -> tuple[NavigationEntry, NavigationEntry]:
    """Return a hidden page that the clinic and its patients share, once for each."""
    return (
        NavigationEntry(file, title, icon, Permission.VIEW_DOCUMENTS, _HIDDEN),
        NavigationEntry(file, title, icon, Permission.VIEW_OWN_DOCUMENTS, _HIDDEN),
    )


_PLACES: Final = (
    NavigationEntry("home.py", "Home", "home"),
    NavigationEntry("visits/day.py", "Your day", "today", Permission.WRITE_RECORDS),
    NavigationEntry("visits/desk.py", "Front desk", "desk", Permission.RUN_THE_DESK),
    NavigationEntry(
        "visits/calendar.py", "Calendar", "calendar_month", Permission.VIEW_CALENDAR
    ),
    NavigationEntry(
        "patients/patients.py", "Patients", "groups", Permission.LIST_PATIENTS
    ),
    NavigationEntry(
        "patients/register.py", "Register", "person_add", Permission.REGISTER_PATIENT
    ),
    NavigationEntry(
        "documents/documents.py", "Documents", "folder_open", Permission.VIEW_DOCUMENTS
    ),
    NavigationEntry("documents/inbox.py", "Inbox", "inbox", Permission.FILE_DOCUMENTS),
    NavigationEntry(
        "documents/create_document.py",
        "Create a document",
        "edit_document",
        Permission.FILE_DOCUMENTS,
    ),
    NavigationEntry(
        "documents/upload_documents.py",
        "Upload",
        "upload_file",
        Permission.FILE_DOCUMENTS,
    ),
    NavigationEntry("documents/trash.py", "Trash", "delete", Permission.FILE_DOCUMENTS),
    NavigationEntry(
        "patients/my_record.py", "My record", "badge", Permission.VIEW_OWN_RECORD
    ),
    NavigationEntry(
        "patients/my_contact.py",
        "Contact data",
        "contact_phone",
        Permission.CHANGE_OWN_CONTACT,
        _HIDDEN,
    ),
    # The same page; no role has both permissions.
    NavigationEntry(
        "documents/documents.py",
        "My documents",
        "folder_open",
        Permission.VIEW_OWN_DOCUMENTS,
    ),
    # Patients find these beside their documents; the first of all pages is their home.
    NavigationEntry(
        "documents/create_document.py",
        "Create a document",
        "edit_document",
        Permission.FILE_OWN_DOCUMENTS,
        _HIDDEN,
    ),
    NavigationEntry(
        "documents/upload_documents.py",
        "Upload",
        "upload_file",
        Permission.FILE_OWN_DOCUMENTS,
        _HIDDEN,
    ),
    NavigationEntry(
        "documents/trash.py", "Trash", "delete", Permission.FILE_OWN_DOCUMENTS, _HIDDEN
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
        "visits/waiting_list.py",
        "Waiting list",
        "hourglass_top",
        Permission.RUN_THE_DESK,
    ),
    NavigationEntry(
        "audit/accesses.py",
        "Access history",
        "visibility",
        Permission.VIEW_OWN_ACCESSES,
    ),
    NavigationEntry(
        "analytics/cohorts.py", "Cohorts", "query_stats", Permission.COUNT_COHORTS
    ),
    NavigationEntry("analytics/sql.py", "SQL", "database", Permission.COUNT_COHORTS),
    NavigationEntry(
        "analytics/dashboards.py", "Dashboards", "dashboard", Permission.COUNT_COHORTS
    ),
    NavigationEntry(
        "analytics/dashboard.py",
        "Dashboard",
        "dashboard",
        Permission.COUNT_COHORTS,
        _HIDDEN,
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
        "Doctor's plan",
        "edit_calendar",
        Permission.MANAGE_DOCTORS,
        _HIDDEN,
    ),
    NavigationEntry(
        "patients/break_glass.py",
        "Emergency access",
        "emergency_home",
        Permission.BREAK_GLASS,
    ),
    NavigationEntry(
        "patients/break_glass_review.py",
        "Emergency access review",
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
    NavigationEntry(
        "people/systems.py", "Connected systems", "hub", Permission.MANAGE_TOKENS
    ),
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
    NavigationEntry("documents/tags.py", "Tags", "sell", Permission.MANAGE_TAGS),
    NavigationEntry(
        "documents/fields.py", "Document fields", "list_alt", Permission.DEFINE_FIELDS
    ),
    NavigationEntry(
        "consultations/code_lists.py",
        "Drugs and diagnoses",
        "medical_information",
        Permission.MANAGE_CODE_LISTS,
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
        "cluster/steering.py",
        "Cluster settings",
        "tune",
        Permission.ACT_ON_CLUSTER,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/alerts.py", "Alerts", "notifications", Permission.VIEW_REPLICATION
    ),
    NavigationEntry(
        "cluster/cluster_history.py",
        "History of the servers",
        "history",
        Permission.VIEW_REPLICATION,
    ),
    NavigationEntry(
        "cluster/availability.py",
        "Availability",
        "event_available",
        Permission.VIEW_REPLICATION,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/slow_queries.py",
        "Slow queries",
        "speed",
        Permission.VIEW_REPLICATION,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/vacuum.py",
        "Vacuum and checkpoints",
        "cleaning_services",
        Permission.VIEW_REPLICATION,
        _HIDDEN,
    ),
    NavigationEntry(
        "cluster/drills.py", "Drills", "fire_extinguisher", Permission.VIEW_REPLICATION
    ),
    NavigationEntry(
        "backups/backups.py", "Backups", "backup", Permission.VIEW_REPLICATION
    ),
    NavigationEntry(
        "patients/patient.py", "Patient", "person", Permission.VIEW_PATIENT, _HIDDEN
    ),
    NavigationEntry(
        "visits/visits.py", "Visits", "event", Permission.VIEW_VISITS, _HIDDEN
    ),
    NavigationEntry(
        "patients/past.py", "As it was", "history", Permission.COPY_BACK, _HIDDEN
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
    NavigationEntry(
        "visits/newcomer.py",
        "Not registered yet",
        "person_alert",
        Permission.RUN_THE_DESK,
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
        "people/new_system.py",
        "Connect a system",
        "hub",
        Permission.MANAGE_TOKENS,
        _HIDDEN,
    ),
    NavigationEntry(
        "people/new_app.py",
        "Register an app",
        "apps",
        Permission.MANAGE_TOKENS,
        _HIDDEN,
    ),
    NavigationEntry(
        "people/system.py", "System", "hub", Permission.MANAGE_TOKENS, _HIDDEN
    ),
    NavigationEntry(
        "people/my_tokens.py", "My tokens", "key", Permission.OWN_TOKENS, _HIDDEN
    ),
    # In the menu at the person's name, not among the pages.
    NavigationEntry(_ACCOUNT, "Account", "account_circle", None, _HIDDEN),
    # Behind the bell.
    NavigationEntry(
        _NOTIFICATIONS,
        "Notifications",
        "notifications",
        Permission.READ_NOTIFICATIONS,
        _HIDDEN,
    ),
    NavigationEntry("people/roles.py", "Roles", "shield_person", None, _HIDDEN),
    NavigationEntry("help.py", "User guide", "help", None, _HIDDEN),
)


# The page above each page that is reached from another: the list to look in.
_ABOVE: Final = {
    "patients/patient.py": "patients/patients.py",
    "patients/edit.py": "patients/patient.py",
    "patients/my_contact.py": "patients/my_record.py",
    "patients/photo.py": "patients/patient.py",
    "patients/merge.py": "patients/patient.py",
    "patients/past.py": "patients/patient.py",
    "visits/visits.py": "patients/patient.py",
    "documents/document.py": "documents/documents.py",
    "documents/compare.py": "documents/document.py",
    "documents/upload_documents.py": "documents/documents.py",
    "documents/create_document.py": "documents/documents.py",
    "documents/trash.py": "documents/documents.py",
    "documents/inbox.py": "documents/documents.py",
    "visits/newcomer.py": "visits/desk.py",
    "visits/doctor.py": "visits/doctors.py",
    "visits/doctor_plan.py": "visits/doctor.py",
    "consultations/visit.py": "visits/day.py",
    "analytics/dashboard.py": "analytics/dashboards.py",
    "people/user.py": "people/users.py",
    "people/invite.py": "people/users.py",
    "people/new_token.py": "people/tokens.py",
    "people/new_system.py": "people/systems.py",
    "people/new_app.py": "people/systems.py",
    "people/system.py": "people/systems.py",
    "people/my_tokens.py": "people/account.py",
    "people/roles.py": "people/account.py",
    "cluster/switchover.py": "cluster/replication.py",
    "cluster/one_server.py": "cluster/replication.py",
    "cluster/steering.py": "cluster/replication.py",
    "cluster/alerts.py": "cluster/replication.py",
    "cluster/cluster_history.py": "cluster/replication.py",
    "cluster/drills.py": "cluster/replication.py",
    "backups/backups.py": "cluster/replication.py",
    "cluster/availability.py": "cluster/replication.py",
    "cluster/slow_queries.py": "cluster/replication.py",
    "cluster/vacuum.py": "cluster/replication.py",
}
# A visit is booked for a patient; without one, this leads to the list of patients.
_LOOK_IN: Final = _ABOVE | {"visits/book.py": "patients/patients.py"}

# The menu of a page, by the folder of its script.
_MENUS: Final = {
    "visits": "Visits",
    "consultations": "Visits",
    "patients": "Patients",
    "analytics": "Patients",
    "documents": "Documents",
    "cluster": "Servers",
    "backups": "Servers",
    "people": "Administration",
    "audit": "Administration",
}
# The pages that belong in another menu than their folder's.
_MENU_OF: Final = {
    "patients/break_glass_review.py": "Administration",
    "documents/retention.py": "Administration",
    "documents/tags.py": "Administration",
    "documents/fields.py": "Administration",
    "consultations/code_lists.py": "Administration",
    # These are in the menu at the person's name, or beside it.
    _ACCOUNT: "",
    _NOTIFICATIONS: "",
    "people/roles.py": "",
}
# The first page has no address but the root.
_ADDRESSES: Final = frozenset(
    {"", *(Path(place.file).stem for place in _PLACES)} - {"home"}
)
# The bar has room for this many entries; beyond that, they go into menus.
_MOST_IN_THE_BAR: Final = 7


def pages_for(actor: Actor) -> dict[str, list[StreamlitPage]]:
    """Return the pages this person may open, by menu.

    The pages in the bar itself come first, under an empty name.
    """
    opened = {place.file for place in _PLACES if _is_for(actor, place)}
    # Where a page has several entries, the last one counts.
    shut = {
        place.file: place
        for place in sorted(_PLACES, key=_is_of_colleagues)
        if place.file not in opened
    }
    open_places = _open_places(actor)
    has_menus, language = _has_menus(open_places), current_language()
    menus: dict[str, list[StreamlitPage]] = {"": []}
    for place in open_places:
        is_in_menu = has_menus and place.visibility == "visible"
        name = _(_menu_of(place.file)) if is_in_menu else ""
        menus.setdefault(name, []).append(_page(place, language))
    # Last, because a person's first page is their home.
    menus[""].extend(_closed_page(place, language) for place in shut.values())
    # Streamlit marks on a page object that it is running, or that it is the first one.
    return {name: [copy(page) for page in pages] for name, pages in menus.items()}


def is_page(path: str) -> bool:
    """Return whether there is a page at this path, whoever may open it."""
    return path.strip("/") in _ADDRESSES


def is_first_page(actor: Actor, path: str) -> bool:
    """Return whether the path names a page that for this person is only at the root."""
    return path.strip("/") == Path(_open_places(actor)[0].file).stem


def _open_places(actor: Actor) -> list[NavigationEntry]:
    return [place for place in _PLACES if _may_open(actor, place)]


def _has_menus(places: Sequence[NavigationEntry]) -> bool:
    visible = sum(place.visibility == "visible" for place in places)
    return visible > _MOST_IN_THE_BAR


def _menu_of(file: str) -> str:
    return _MENU_OF.get(file, _MENUS.get(file.partition("/")[0], ""))


# Made once for everybody: each looks up its file on the disk, and those of a thousand
# open pages took 80 kB each.
@cache
def _page(place: NavigationEntry, language: str) -> StreamlitPage:
    """Return the page as Streamlit wants it, with its title in a language."""
    del language  # Which one it is, `_` knows; each is kept.
    return st.Page(
        _PAGES / place.file,
        title=_(place.title),
        icon=f":material/{place.icon}:",
        default=place.file == "home.py",
        visibility=place.visibility,
    )


@cache
def _closed_page(place: NavigationEntry, language: str) -> StreamlitPage:
    """Return what is shown at the page's address to those who may not open it."""
    del language

    def refuse() -> None:
        assert place.permission is not None  # noqa: S101 (others are everybody's)
        # Every page has a heading, for everybody; its content is not for them.
        st.title(_(place.title), anchor=False)
        context.require(place.permission)

    return st.Page(
        refuse,
        title=_("Not allowed"),
        url_path=Path(place.file).stem,
        visibility="hidden",
    )


# What people come to do, under a name that they may type, and the page for it.
_ACTS: Final = (
    ("Register a patient", "patients/register.py"),
    ("Book a visit", "visits/book.py"),
    ("Upload a document", "documents/upload_documents.py"),
    ("Create a document", "documents/create_document.py"),
    ("Invite a person", "people/invite.py"),
    ("Change the primary", "cluster/switchover.py"),
)

_BESIDE_THE_NAME: Final = frozenset({_ACCOUNT, _NOTIFICATIONS})


class Places(TypedDict):
    """What the top of a page shows its person: who they are and where they may go."""

    person: dict[str, str]
    language: str
    # What the person has chosen, or empty.
    name_order: str
    list_density: str
    # Whether lists write the family name first.
    family_first: bool
    # The languages to choose from, each under its own name.
    languages: dict[str, str]
    # The texts of scripts, by their English text.
    words: dict[str, str]
    acts: list[dict[str, str]]
    pages: list[dict[str, str]]
    # By the address of each page: its menu, and the address of the highlighted entry.
    within: dict[str, dict[str, str]]


def places_for(actor: Actor, *, usual_order: str = FAMILY_FIRST) -> Places:
    """Return the pages in this person's menus and their actions, with addresses.

    `usual_order` is the clinic's own order of names, for those who have chosen none.
    """
    open_places = _open_places(actor)
    files = {place.file for place in open_places}
    return {
        "person": {
            "name": actor.name,
            "role": actor.role,
            "title": _(actor.role),
            "mark": _mark_of(actor),
        },
        "language": current_language(),
        "name_order": actor.name_order or "",
        "list_density": actor.list_density or "",
        "family_first": order_of(actor, usual_order) == FAMILY_FIRST,
        "languages": LANGUAGE_NAMES,
        "words": catalogue("scripts"),
        "acts": [
            {"title": _(title), "url": _address(file)}
            for title, file in _ACTS
            if file in files
        ],
        "pages": [
            {"title": _(place.title), "url": _address(place.file)}
            for place in open_places
            if place.visibility == "visible" or place.file in _BESIDE_THE_NAME
        ],
        "within": {
            _address(place.file): _active_menu(open_places, place.file)
            for place in open_places
        },
    }


def _mark_of(actor: Actor) -> str:
    """Return the mark by which a browser recognises the person, not who they are."""
    return sha256(f"known in this browser: {actor.id}".encode()).hexdigest()[:12]


def _active_menu(places: Sequence[NavigationEntry], file: str) -> dict[str, str]:
    """Return which menu and which entry are highlighted while this page is open."""
    shown = {place.file for place in places if place.visibility == "visible"}
    menus = {_menu_of(file) for file in shown} if _has_menus(places) else ()
    while file not in shown and file in _ABOVE:
        file = _ABOVE[file]
    menu = _menu_of(file)
    return {"menu": _(menu) if menu in menus else "", "page": _address(file)}


# Their title depends on whom or what they are about; unnamed, they lead nowhere.
_ABOUT_ONE: Final = frozenset(
    {
        "patients/patient.py",
        "documents/document.py",
        "visits/doctor.py",
        "analytics/dashboard.py",
    }
)


@dataclass(frozen=True, slots=True)
class PageAbove:
    """A page on the way to another; one without a title has to be named first."""

    page: str
    title: str
    url: str


def pages_above(page: str) -> tuple[PageAbove, ...]:
    """Return the pages on the way to the one with this address, which comes last.

    Those that the person may not open are left out; without any, nothing is returned.
    """
    places = {place.file: place for place in _open_places(context.current_actor())}
    file = next((file for file in places if Path(file).stem == page), "")
    way = [file]
    while above := _ABOVE.get(way[0]):
        way.insert(0, above)
    way = [each for each in way if each in places]
    if way == [file]:
        return ()
    return tuple(
        PageAbove(
            Path(each).stem,
            "" if each in _ABOUT_ONE and each != file else _(places[each].title),
            _address(each),
        )
        for each in way
    )


def _address(file: str) -> str:
    return "/" if file == "home.py" else f"/{Path(file).stem}"


def _may_open(actor: Actor, place: NavigationEntry) -> bool:
    # A patient's home is their record; the clinic's figures are not for them.
    if actor.role is Role.PATIENT and place.file == "home.py":
        return False
    return _is_for(actor, place)


def _is_for(actor: Actor, place: NavigationEntry) -> bool:
    return place.permission is None or actor.may(place.permission)


def _is_of_colleagues(place: NavigationEntry) -> bool:
    """Return whether it is the clinic's entry of a page that patients have as well.

    Patients may open their own, so what colleagues are refused is the clinic's.
    """
    return place.permission not in PERMISSIONS[Role.PATIENT]


def go(file: str, **query: str) -> NoReturn:
    """Switch to another of our pages."""
    st.switch_page(path_of(file), query_params=query)


def offer_list(page: str) -> None:
    """Offer the list in which to find what the page was opened for, if there is one."""
    place = _list_for(context.current_actor(), page)
    if place is not None and st.button(
        _(place.title), key="navigation_list", icon=f":material/{place.icon}:"
    ):
        go(place.file)


def offer_home() -> None:
    """Offer a way on from a page that the person may not open: to their first page."""
    # A patient's first page is their record; the clinic's figures are not for them.
    place = _open_places(context.current_actor())[0]
    if st.button(
        _(place.title), key="navigation_home", icon=f":material/{place.icon}:"
    ):
        go(place.file)


def _list_for(actor: Actor, page: str) -> NavigationEntry | None:
    """Return the nearest page above that is in the menu, or the page itself."""
    places = {place.file: place for place in _open_places(actor)}
    file = next((file for file in places if Path(file).stem == page), "")
    while above := _LOOK_IN.get(file):
        file = above
        if file in places and places[file].visibility == "visible":
            break
    return places.get(file)


def leave_for(path: str) -> None:
    """Leave for a page of the server that is not Streamlit's, in the same tab.

    A link would open a second tab and leave this one signed in.
    """
    st.html(
        f"<script>{SCRIPTS[path]}</script>",
        unsafe_allow_javascript=True,
    )


def path_of(file: str) -> str:
    """Return the path of one of our pages, for a link to it."""
    return str(_PAGES / file)


def open_patient(patient_id: UUID | str) -> NoReturn:
    """Go to a patient's page."""
    go("patients/patient.py", patient=str(patient_id))


def open_list(key: str) -> NoReturn:
    """Go to the list of patients behind a key; the empty key lists everybody."""
    go("patients/patients.py", **({"list": key} if key else {}))


def document_url(document_id: UUID) -> str:
    """Return the address of a document's page, for a link that opens a new tab."""
    return f"document?document={document_id}"


def patient_url(patient_id: UUID) -> str:
    """Return the address of a patient's page, for a link that opens a new tab."""
    return f"patient?patient={patient_id}"
