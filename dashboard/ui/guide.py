"""The user guide on the screen: its section about the current page, and all of it.

The text is docs/user-guide.md, the same that is read in the project.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.ui.language import gettext as _

GUIDE: Final = Path(__file__).resolve().parents[2] / "docs" / "user-guide.md"
# The address of the page with the whole guide.
HELP_PAGE: Final = "help"

# The section of the guide about each page, by the page's address.
_SECTION_OF: Final = {
    "": "Start the day",
    "home": "Start the day",
    "day": "Check patients in",
    "desk": "Check patients in",
    "newcomer": "Check patients in",
    "waiting_list": "The waiting list",
    "patients": "Find a patient",
    "register": "Register a patient",
    "patient": "Read a patient's chart",
    "edit": "Change a record",
    "photo": "Change a record",
    "my_record": "Say who treats a patient",
    "my_contact": "Correct your own contact data",
    "merge": "Make one record of two",
    "past": "Bring a record back as it was",
    "views": "Filter a list",
    "documents": "Find a document",
    "document": "Versions",
    "compare": "Versions",
    "create_document": "Create a document",
    "upload_documents": "Upload documents",
    "trash": "Delete, restore, hold",
    "tags": "Tags of documents",
    "fields": "Fields of documents",
    "code_lists": "Lists of drugs and diagnoses",
    "inbox": "Inbox",
    "retention": "How long documents are kept",
    "doctors": "Doctors and when they work",
    "doctor": "Book a visit",
    "doctor_plan": "Doctors and when they work",
    "book": "Book a visit",
    "calendar": "The calendar",
    "visits": "Book a visit",
    "outbox": "E-mails about visits",
    "statistics": "How visits are booked",
    "cohorts": "Count a cohort",
    "sql": "Ask in SQL",
    "dashboards": "Dashboards",
    "dashboard": "Dashboards",
    "visit": "Write up a visit",
    "check_prescription": "Check a prescription",
    "break_glass": "Emergency access to a record",
    "break_glass_review": "Emergency access to a record",
    "users": "Let colleagues in and out",
    "user": "Let colleagues in and out",
    "invite": "Let colleagues in and out",
    "tokens": "Tokens for programs",
    "new_token": "Tokens for programs",
    "my_tokens": "Tokens for programs",
    "systems": "Connect other systems",
    "new_system": "Connect other systems",
    "new_app": "Connect other systems",
    "system": "Connect other systems",
    "audit": "Access history",
    "accesses": "Access history",
    "account": "Sign in",
    "notifications": "Notifications",
    "replication": "During a database failover",
    "switchover": "During a database failover",
    "one_server": "During a database failover",
    "steering": "During a database failover",
    "alerts": "During a database failover",
    "cluster_history": "During a database failover",
    "availability": "Watch the database servers",
    "slow_queries": "Watch the database servers",
    "vacuum": "Watch the database servers",
    "drills": "During a database failover",
    "backups": "Backups",
}
#: The section that explains the words of the pages, in a table.
GLOSSARY: Final = "Words"
_WORD: Final = re.compile(r"^\| (?!word \|)([^|\n]+) \| ([^|\n]+) \|$", re.MULTILINE)
_PAGE: Final = "guide_page"
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_PICTURE: Final = re.compile(
    r"^!\[(?P<words>[^\]]*)\]\((?P<path>[^)]+)\)$", re.MULTILINE
)
_NOT_IN_ANCHORS: Final = re.compile(r"[^a-z0-9]+")
# Links to other texts of the project, which are not served.
_TEXT_LINK: Final = re.compile(r"\[([^\]]+)\]\([\w-]+\.md\)")


@cache
def sections() -> Mapping[str, str]:
    """Return the guide's sections as Markdown by heading, in the guide's order."""
    text = _TEXT_LINK.sub(r"\1", GUIDE.read_text(encoding="utf-8"))
    _, *parts = _HEADING.split(text)
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


@cache
def words() -> Mapping[str, str]:
    """Return the words of the pages with their meanings, in alphabetical order."""
    return dict(_WORD.findall(sections()[GLOSSARY]))


def find_words(typed: str) -> Mapping[str, str]:
    """Return the words that contain what was typed; if none, by their meanings."""
    wanted = " ".join(typed.casefold().split())
    known = words().items()
    named = {word: said for word, said in known if wanted in word.casefold()}
    return named or {word: said for word, said in known if wanted in said.casefold()}


def look_up(key: str) -> None:
    """Ask for a word of the pages, and show what it means."""
    typed = st.text_input(
        _("Look up a word"),
        key=key,
        placeholder=_("For example: hold"),
        icon=":material/dictionary:",
        autocomplete="off",
    )
    if not (typed or "").strip():
        return
    if meanings := find_words(typed or ""):
        st.markdown(
            "\n".join(f"- **{word}**: {said}" for word, said in meanings.items())
        )
    else:
        all_words = f"[{GLOSSARY}]({HELP_PAGE}#{anchor_of(GLOSSARY)})"
        st.caption(
            _(
                "The guide does not explain this term. See all terms under {words}."
            ).format(words=all_words)
        )


def section_of(page: str) -> str | None:
    """Return the heading of the guide's section about the page with this address."""
    return _SECTION_OF.get(page)


def set_current_page(page: str) -> None:
    """Record which page is shown: its header offers the guide's section about it."""
    st.session_state[_PAGE] = page


def show_help_button() -> None:
    """Offer the guide's section about the current page, in a dialog beside it."""
    heading = section_of(st.session_state.get(_PAGE, ""))
    if heading is not None and st.button(
        _("Help"),
        key="guide_help",
        icon=":material/help:",
        type="tertiary",
        help=_("From the user guide: {heading}").format(heading=heading),
    ):
        _show_section(heading)


def anchor_of(heading: str) -> str:
    """Return the anchor of the section on the page with the whole guide."""
    return _NOT_IN_ANCHORS.sub("-", heading.lower())


def show_section(heading: str) -> None:
    """Show one section with its pictures."""
    st.header(heading, anchor=anchor_of(heading))
    text = sections()[heading]
    end = 0
    for picture in _PICTURE.finditer(text):
        st.markdown(text[end : picture.start()])
        st.image(GUIDE.parent / picture["path"], caption=picture["words"])
        end = picture.end()
    st.markdown(text[end:])


def _show_section(heading: str) -> None:
    # At the side and without pictures: it is read beside the very page that they show.
    @st.dialog(heading, width="medium", position="right", icon=":material/help:")
    def show() -> None:
        # Above the text, which on a phone is longer than the screen.
        look_up("guide_word")
        st.markdown(_PICTURE.sub("", sections()[heading]))
        st.markdown(
            _("[Open the full guide]({address}) in a new tab.").format(
                address=f"{HELP_PAGE}#{anchor_of(heading)}"
            )
        )

    show()
