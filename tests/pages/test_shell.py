"""Who sees which pages, and what happens when something goes wrong under them."""

import errno
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from dashboard import wiring
from db.cluster.site_position import SitePosition, SiteReader
from db.postgres import Database, DiskFull
from services.core.actors import Role
from services.core.errors import StorageFull
from services.people import accounts
from tests.pages.conftest import Clinic, page_file

ROOT = Path(__file__).resolve().parents[2]
LISTED = {
    Role.STAFF: {
        "home",
        "desk",
        "waiting_list",
        "calendar",
        "patients",
        "register",
        "documents",
        "inbox",
        "book",
        "views",
        "doctors",
        "account",
        "notifications",
    },
    Role.CLINICIAN: {
        "home",
        "day",
        "desk",
        "waiting_list",
        "calendar",
        "patients",
        "register",
        "documents",
        "inbox",
        "book",
        "views",
        "doctors",
        "break_glass",
        "account",
        "notifications",
    },
    Role.ANALYST: {
        *(
            "home",
            "patients",
            "cohorts",
            "sql",
            "dashboards",
            "views",
            "doctors",
            "account",
        ),
        "notifications",
    },
    Role.ADMIN: {
        "home",
        "calendar",
        "doctors",
        "break_glass_review",
        "users",
        "tokens",
        "systems",
        "audit",
        "outbox",
        "statistics",
        "retention",
        "tags",
        "fields",
        "code_lists",
        "replication",
        "account",
        "notifications",
    },
    Role.PATIENT: {
        "my_record",
        "documents",
        "visits",
        "book",
        "accesses",
        "doctors",
        "account",
        "notifications",
    },
}
PAPERS = {"document", "compare", "upload_documents", "trash"}
# Everybody's pages.
TEXTS = {"roles", "help"}
RECORDS = {"patient", "edit", "photo", "merge", "past", "my_tokens"} | TEXTS
HIDDEN = {
    Role.STAFF: RECORDS
    | PAPERS
    | {"create_document", "doctor", "doctor_plan", "visits", "check_prescription"}
    | {"newcomer"},
    Role.CLINICIAN: RECORDS
    | PAPERS
    | {"create_document", "visit", "doctor", "visits", "check_prescription"}
    | {"newcomer"},
    Role.ANALYST: {"my_tokens", "doctor", "dashboard"} | TEXTS,
    Role.ADMIN: {
        "doctor",
        "doctor_plan",
        "user",
        "invite",
        "new_token",
        "new_system",
        "new_app",
        "system",
        "my_tokens",
        "alerts",
        "cluster_history",
        "drills",
        "backups",
        "availability",
        "slow_queries",
        "vacuum",
        "switchover",
        "one_server",
        "steering",
    }
    | TEXTS,
    Role.PATIENT: {"create_document", "doctor", "check_prescription", "my_contact"}
    | TEXTS
    | PAPERS,
}
EVERY_PAGE = set.union(*LISTED.values(), *HIDDEN.values())


def test_no_page_is_forgotten_here():
    files = {path.stem for path in (ROOT / "pages").rglob("*.py")} - {"__init__"}

    assert files == EVERY_PAGE


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_own_pages(clinic: Clinic, role: Role):
    for page in LISTED[role]:
        app = clinic.open(page, role)

        assert not app.error
        assert app.title


@pytest.mark.parametrize("role", Role)
def test_the_address_of_another_roles_page_is_refused_in_words(
    clinic: Clinic, role: Role
):
    # A patient's home is their record, which has the same address as everybody's home.
    others = EVERY_PAGE - LISTED[role] - HIDDEN[role] - {"home"}
    for page in others:
        app = clinic.go_to_address(page, role)

        assert "You may not" in app.error[0].value
        # Nobody is left without a way on.
        assert [each.label for each in app.button if each.key == "navigation_home"]
        # The heading names the page, and no content of the page is shown.
        assert len(app.title) == 1
        assert not [*app.caption, *app.text_input, *app.dataframe, *app.metric]

    refused = [event.actor_id for event in clinic.audit("access:refuse")]
    assert refused.count(clinic.cast[role].id) == len(others)

    app.button(key="navigation_home").click().run()
    assert app.title


@pytest.mark.parametrize(
    ("page", "title", "refused"),
    [
        ("trash", "Trash", "file documents"),
        ("documents", "Documents", "see documents"),
        ("create_document", "Create a document", "file documents"),
        ("check_prescription", "Check a prescription", "see prescriptions"),
        ("book", "Book", "book visits for patients"),
    ],
)
def test_an_administrator_is_refused_what_is_the_clinics_and_sent_to_a_colleague(
    clinic: Clinic, page: str, title: str, refused: str
):
    app = clinic.go_to_address(page, Role.ADMIN)

    assert app.title[0].value == title
    assert app.error[0].value.endswith(
        f"You may not {refused}: your role is admin. Ask a colleague whose work it is."
    )


def test_a_patient_is_sent_to_the_front_desk_from_pages_of_the_staff(clinic: Clinic):
    app = clinic.go_to_address("patients", Role.PATIENT)

    assert app.error[0].value.endswith(
        "You may not list patients: this is for the clinic's staff. If you need "
        "something from here, ask at the front desk."
    )


@pytest.mark.parametrize(
    ("page", "role", "query", "title"),
    [
        ("user", Role.ADMIN, "user", "Person"),
        ("system", Role.ADMIN, "system", "System"),
        ("dashboard", Role.ANALYST, "dashboard", "Dashboard"),
        ("patient", Role.STAFF, "patient", "Patient"),
        ("document", Role.STAFF, "document", "Document"),
        ("doctor", Role.STAFF, "doctor", "Doctor"),
        ("edit", Role.STAFF, "patient", "Edit patient"),
    ],
)
def test_a_page_about_nobody_has_a_heading(
    clinic: Clinic, page: str, role: Role, query: str, title: str
):
    app = clinic.open(page, role, **{query: uuid4()})

    assert app.warning
    assert [each.value for each in app.title] == [title]


@pytest.mark.parametrize("role", Role)
def test_the_script_of_another_roles_page_cannot_be_run(clinic: Clinic, role: Role):
    app = clinic.start(role)

    for page in EVERY_PAGE - LISTED[role] - HIDDEN[role]:
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            app.switch_page(page_file(page))


def test_an_accident_gets_a_number_and_no_record_in_the_log(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Failing row contains (Ada, Lovelace)")

    # The list of doctors would not do: it may be cached from before.
    monkeypatch.setattr(accounts, "list_people", fail)
    app = clinic.open("users", Role.ADMIN)

    (incident,) = re.findall("incident ([0-9a-f]{8})", app.error[0].value)
    assert incident in caplog.text
    assert "Lovelace" not in caplog.text
    assert "Lovelace" not in str(app.error)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "Lovelace"), DiskFull("db-01: Lovelace"), StorageFull()],
    ids=["a file of our own", "a database server", "a refusal"],
)
def test_a_full_disk_is_said_with_who_has_to_do_what(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(accounts, "list_people", fail)
    app = clinic.open("users", Role.ADMIN)

    (warning,) = app.warning
    assert "disk is full" in warning.value
    assert "free some space" in warning.value
    assert "Lovelace" not in warning.value
    assert not app.error


def test_a_database_that_is_away_is_explained_and_tried_again(clinic: Clinic):
    app = clinic.open("doctors")
    with nobody_answers(clinic):
        app.text_input(key="doctors_search").set_value("cardio").run()

        assert "failover in progress" in app.warning[0].value
        assert any("Trying again" in caption.value for caption in app.caption)

    app.run()

    assert not app.warning
    assert app.text_input(key="doctors_search").value == "cardio"


def test_what_could_not_be_saved_is_still_in_the_form(clinic: Clinic):
    app = clinic.open("edit", patient=clinic.register().id)
    app.text_input(key="edit_address").set_value("1 Patient Road")
    with nobody_answers(clinic):
        app.button(key="edit_save").click().run()

        assert "Nothing can be saved since" in app.warning[0].value
        assert app.text_input(key="edit_address").value == "1 Patient Road"


def test_at_a_standby_site_a_save_is_refused_with_where_else_to_save(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    app = clinic.open("edit", patient=clinic.register().id)
    app.text_input(key="edit_address").set_value("1 Patient Road")
    now = datetime.now(UTC)
    site = SitePosition("north", ("10.0.0.1:5432",), now, now)
    monkeypatch.setattr(SiteReader, "position", lambda _: site)
    monkeypatch.setattr(SiteReader, "is_following", True)
    with nobody_answers(clinic):
        app.button(key="edit_save").click().run()

        assert "this is a standby site. Save it at the main" in app.warning[0].value
        assert app.text_input(key="edit_address").value == "1 Patient Road"


@contextmanager
def nobody_answers(clinic: Clinic) -> Iterator[None]:
    """Make the pages query servers that do not exist."""
    gone = "postgresql://nobody@127.0.0.1:1/gone?connect_timeout=1"
    nowhere = replace(
        clinic.wiring.endpoints, database_url=gone, replica_urls={"db-01": gone}
    )
    with closing(Database(nowhere, retry_seconds=0.2)) as database:
        wiring.use(replace(clinic.wiring, endpoints=nowhere, database=database))
        try:
            yield
        finally:
            wiring.use(clinic.wiring)


def test_nobody_in_particular_sees_nothing(clinic: Clinic):
    app = clinic.start()
    app.user = {}
    app.run()

    assert "not signed in" in app.error[0].value
    assert not app.title
