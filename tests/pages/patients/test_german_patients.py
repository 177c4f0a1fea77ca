"""A colleague who has chosen German finds no English sentence about patients."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from dashboard.patients.search import patient_table
from dashboard.patients.search.patient_listing import Listing
from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.record_table import TableEvent
from services.core.actors import Role
from services.lists import views
from services.lists.criteria import (
    Combine,
    Count,
    Criteria,
    Filter,
    Group,
    Operator,
    Order,
)
from services.patients.care import break_glass, care
from services.patients.records import deaths, patients
from services.patients.records.model import PatientRecord, Sex
from services.patients.search.fields import PATIENTS
from tests.conftest import Databases
from tests.kit.german_pages import left_english, said
from tests.pages.conftest import Clinic
from tests.pages.document_samples import press
from tests.pages.patients.point_in_time_samples import bring_back, standing_by

TODAY = date(2026, 11, 20)
REASON = "Bewusstlos im Wartezimmer"


@pytest.fixture
def ada(german: Clinic) -> PatientRecord:
    return german.register(
        first_name="Ada",
        sex=Sex.FEMALE,
        allergies=("Penicillin", "Latex", "Haselnuss"),
        medical_history=("Asthma",),
        current_medications=("Salbutamol",),
        address="Seestraße 1",
    )


def test_records_to_complete_are_counted_in_german(
    german: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A large clinic is simulated: registering ten thousand for one sentence takes too
    # long.
    many = Count(10_000, is_exact=False)
    monkeypatch.setattr(Listing, "count", lambda _: many)

    app = german.start(Role.STAFF)

    [tile] = [each for each in app.metric if each.label.endswith("Archiviert")]
    assert tile.value == "über 10.000"


@pytest.fixture
def keep_list(german: Clinic) -> Callable[..., str]:
    """Save a list for somebody with a role; return its key."""

    def keep(wanted: Criteria, role: Role = Role.STAFF) -> str:
        return str(
            german.write(
                lambda s: views.store_criteria(
                    s, german.cast[role], wanted, subject=PATIENTS
                )
            )
        )

    return keep


@pytest.fixture
def then(
    german: Clinic, ada: PatientRecord, databases: Databases, template: str
) -> Iterator[None]:
    """The patient as they were, on a delayed standby."""
    with standing_by(german, ada, databases, template):
        yield


@pytest.mark.parametrize(
    ("page", "role"),
    [
        ("patients", Role.STAFF),
        ("patients", Role.CLINICIAN),
        ("patients", Role.ANALYST),
        ("register", Role.STAFF),
        ("views", Role.STAFF),
        ("past", Role.STAFF),
        ("break_glass", Role.CLINICIAN),
        ("break_glass_review", Role.ADMIN),
    ],
)
def test_a_page_is_german(german: Clinic, ada, page: str, role: Role) -> None:
    assert left_english(german.open(page, role)) == set()


@pytest.mark.parametrize("part", ["overview", "time-line", "details"])
@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN])
def test_the_parts_of_a_record_are_german(
    german: Clinic, ada, part: str, role: Role
) -> None:
    okafor = german.cast[Role.CLINICIAN]
    german.write(lambda s: care.assign(s, german.clerk, ada.id, okafor.id))

    app = german.open("patient", role, patient=ada.id, part=part)

    assert left_english(app) == set()
    assert "Allergie: Penicillin" in said(app)


def test_the_questions_of_a_record_are_german(german: Clinic, ada) -> None:
    for key, words in (
        ("patient_archive", "Diese Akte archivieren?"),
        ("patient_death", "Lassen Sie es leer, wenn der Patient lebt."),
        ("patient_invite", "Diesen Patienten einladen?"),
    ):
        app = german.open("patient", patient=ada.id)
        app.button(key=key).click().run()

        assert left_english(app) == set(), key
        assert words in said(app)
        assert {each.proto.format for each in app.date_input} <= {"DD.MM.YYYY"}


def test_closed_records_are_german(german: Clinic, ada) -> None:
    died = german.write(
        lambda s: deaths.record_death(
            s, german.clerk, ada.id, TODAY, version=ada.version, today=TODAY
        )
    )
    german.write(
        lambda s: patients.archive(s, german.clerk, ada.id, version=died.version)
    )

    app = german.open("patient", patient=ada.id)

    assert left_english(app) == set()
    assert "Diese Akte ist archiviert." in said(app)


def test_every_field_is_said_in_the_sentence_of_a_list(
    german: Clinic, keep_list
) -> None:
    conditions = Group(
        Combine.AND,
        (
            Filter("sex", Operator.IN, ("female", "other")),
            Filter("age", Operator.BETWEEN, ("20", "90")),
            Filter("date_of_birth", Operator.LESS_THAN, "2000-01-31"),
            Filter("created_at", Operator.IN_THE_LAST, "30 days"),
            Filter("email", Operator.IS_EMPTY, value=False),
            Filter("shared_email", Operator.EQUAL, value=False),
            Group(
                Combine.OR,
                (
                    Filter("allergies", Operator.HAS, "Latex"),
                    Filter("last_name", Operator.CONTAINS, "est"),
                ),
            ),
        ),
    )
    key = keep_list(Criteria(conditions, "test", (Order("age"),)))
    app = german.open("patients", list=key)
    app.session_state["patients_filters"] = True
    app.session_state["patients_charts"] = True
    app.run()

    assert left_english(app) == set()
    assert (
        "zu „test“: Geschlecht ist eines von weiblich, divers und Alter ist zwischen "
        "20 und 90 und Geburtsdatum ist vor 31.\u00a0Januar 2000 und Aufgenommen ist "
        "in den letzten 30 Tagen und E-Mail-Adresse ist leer: nein und Teilt eine "
        "E-Mail-Adresse: nein und (Allergien enthalten Latex oder Nachname enthält "
        "„est“)"
    ) in said(app)


def test_the_columns_and_charts_of_a_list_are_german(german: Clinic, ada) -> None:
    app = german.open("patients")
    app.session_state["patients_charts"] = True
    app.run()
    app.button(key="patients_columns").click().run()

    assert left_english(app) == set()
    assert "Patienten nach Geschlecht" in said(app)
    assert "Weiblich" in said(app)
    with using_language(GERMAN):
        labels = {
            patient_table.label_of(name)
            for name in patient_table.columns_for(is_named=True)
        }
    assert {"Aktennummer", "Telefon oder E-Mail", "Zuletzt geändert"} <= labels


def test_a_list_without_names_is_german(german: Clinic, keep_list) -> None:
    for number in range(6):
        german.register(first_name=f"A{number}", sex=Sex.MALE)
    few = keep_list(
        Criteria(Group(members=(Filter("birth_year", Operator.EQUAL, "1911"),))),
        Role.ANALYST,
    )

    everybody = german.open("patients", Role.ANALYST)
    everybody.session_state["patients_charts"] = True
    everybody.run()
    refused = german.open("patients", Role.ANALYST, list=few)

    assert left_english(everybody) | left_english(refused) == set()
    assert "wird ohne Namen weder gezeigt noch exportiert" in said(refused)


@pytest.mark.parametrize("action", ["assign", "invite", "export", "archive"])
def test_what_is_done_with_several_is_asked_and_told_in_german(
    german: Clinic, ada, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    app = german.open("patients")
    app.text_input(key="patients_search").set_value(ada.last_name).run()
    event = TableEvent(selected=((str(ada.id),), action))
    monkeypatch.setattr(
        "dashboard.patients.search.patient_table.patient_table", lambda *_, **__: event
    )
    app.run()

    assert left_english(app) == set()
    if action == "archive":
        (reason,) = [
            area for area in app.text_area if str(area.key).endswith("_archive_reason")
        ]
        reason.set_value("Weggezogen")
        press(app, "patients_bulk_archive_confirm", "patients_bulk_archive_confirm")
        assert left_english(app) == set()
        assert "1 Patient ist archiviert." in said(app)


def test_a_day_is_typed_as_german_writes_it_and_stays_so(german: Clinic, ada) -> None:
    app = german.open("patients")
    app.session_state["patients_filters"] = True
    with using_language(GERMAN):
        app.run()
        app.button(key="patients_add_1").click().run()
        app.selectbox(key="patients_field_2").set_value("date_of_birth").run()
        app.selectbox(key="patients_operator_2").set_value(Operator.BETWEEN).run()
        # In English each of them could be two days.
        app.text_input(key="patients_from_2").set_value("5.3.1979").run()
        app.text_input(key="patients_to_2").set_value("06.03.1980").run()

        app.button(key="patients_apply").click().run()

    assert "5. März 1979 und 6. März 1980" in said(app).replace("\xa0", " ")
    assert app.text_input(key="patients_from_2").value == "05.03.1979"
    assert app.text_input(key="patients_to_2").value == "06.03.1980"


def test_a_date_of_birth_is_typed_as_german_writes_it(german: Clinic) -> None:
    app = german.open("register")
    for name, typed in {
        "first_name": "Käthe",
        "last_name": "Kolb",
        "date_of_birth": "05.03.1967",
        "phone_number": "01632 960 123",
    }.items():
        app.text_input(key=f"register_{name}").set_value(typed)
    with using_language(GERMAN):
        app.button(key="register_submit").click().run()

    assert "5. März 1967" in said(app).replace("\xa0", " ")
    app = german.open("edit", patient=app.query_params["patient"])
    (born,) = [field for field in app.text_input if field.label == "Geburtsdatum"]
    assert born.value == "05.03.1967"


def test_registering_says_what_is_wrong_in_german(german: Clinic) -> None:
    app = german.open("register")
    app.text_input(key="register_first_name").set_value("Ada")
    app.text_input(key="register_email").set_value("ada")
    app.text_input(key="register_date_of_birth").set_value("1880-01-01")
    with using_language(GERMAN):
        app.button(key="register_submit").click().run()

    assert left_english(app) == set()
    assert "Nachname fehlt; bitte eintragen." in said(app)
    assert "Prüfen Sie die 3 markierten Felder." in said(app)


def test_who_may_be_registered_already_is_shown_in_german(german: Clinic, ada) -> None:
    app = german.open("register")
    for name in ("first_name", "last_name", "email"):
        app.text_input(key=f"register_{name}").set_value(getattr(ada, name) or "")
    app.text_input(key="register_date_of_birth").set_value("1980-05-17")
    with using_language(GERMAN):
        app.button(key="register_submit").click().run()

    assert left_english(app) == set()
    assert "Gleicher Name, gleiches Geburtsdatum, gleiche E-Mail" in said(app)


def test_two_versions_are_compared_in_german(german: Clinic, ada) -> None:
    app = german.open("edit", patient=ada.id)
    german.edit(ada, address="Talweg 2", sex=Sex.OTHER)
    app.text_input(key="edit_address").set_value("Bergstraße 3")
    with using_language(GERMAN):
        app.button(key="edit_save").click().run()

    assert left_english(app) == set()
    assert "Jemand anderes hat diese Akte geändert" in said(app)


def test_a_merge_is_german(german: Clinic, ada) -> None:
    other = german.register(first_name="Adah", no_known_allergies=True)

    app = german.open("merge", patient=ada.id, other=other.id)
    with using_language(GERMAN):
        app.button(key="merge_submit").click().run()

    assert left_english(app) == set()
    assert "bisher nichts" in said(app)
    with using_language(GERMAN):
        press(app, "merge_submit", "merge_confirm")
    closed = german.open("patient", patient=other.id)
    assert left_english(app) | left_english(closed) == set()


def test_emergency_access_is_german(german: Clinic, ada) -> None:
    okafor = german.cast[Role.CLINICIAN]
    app = german.open("break_glass", Role.CLINICIAN)
    app.text_input(key="break_glass_search").set_value(f"{ada.last_name} 1980-05-17")
    app.button(key="break_glass_find").click().run()
    german.write(lambda s: break_glass.open_record(s, okafor, ada.id, REASON))

    own = german.open("break_glass", Role.CLINICIAN)
    opened = german.open("patient", Role.CLINICIAN, patient=ada.id)
    waiting = german.open("break_glass_review", Role.ADMIN)

    pages = (app, own, opened, waiting)
    assert set().union(*map(left_english, pages)) == set()
    assert "Diese Akte ist bis" in said(opened)


def test_a_saved_view_is_german(german: Clinic, keep_list) -> None:
    key = keep_list(Criteria(search="Test"))
    german.write(
        lambda s: views.save_view(s, german.clerk, "Meine", key, subject=PATIENTS)
    )

    app = german.open("views")

    assert left_english(app) == set()
    assert "Patienten · gespeichert" in said(app)


def test_a_photo_is_asked_for_in_german(german: Clinic, ada) -> None:
    app = german.open("photo", patient=ada.id)
    with using_language(GERMAN):
        app.button(key="photo_save").click().run()

    assert left_english(app) == set()
    assert "Wählen Sie zuerst eine Datei." in said(app)


@pytest.mark.usefixtures("then")
def test_a_record_of_then_is_found_and_compared_in_german(german: Clinic, ada) -> None:
    german.edit(ada, address="Talweg 2", no_known_allergies=True, allergies=())

    app = german.open("past")
    app.text_input(key="past_typed").set_value(ada.last_name).run()
    compared = german.open("past", patient=ada.id)

    assert left_english(app) | left_english(compared) == set()
    assert "Die Akte wurde seitdem geändert." in said(compared)
    with using_language(GERMAN):
        bring_back(compared, "past", "Falsche Ada")
    assert left_english(compared) == set()
    assert f"Der frühere Stand von Ada {ada.last_name} ist zurückgeholt." in said(
        compared
    )
