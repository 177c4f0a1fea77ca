"""Finding patients: by search, by filters, page by page, and again by address."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from db.postgres import Lsn
from services.consultations import notes
from services.core.actors import Role
from services.lists.criteria import Operator
from services.patients.care import care
from services.patients.records.model import Sex
from tests.kit import cast
from tests.kit.round_trips import statements_of_pages
from tests.pages.conftest import Clinic, rows_of
from tests.services.visits import visit_samples


@pytest.fixture(scope="module", autouse=True)
def people_on_file(clinic: Clinic) -> None:
    for number in range(23):
        clinic.register(
            first_name=f"Pager {number:02}",
            last_name="Listed",
            date_of_birth=date(1990, 1, 1 + number),
        )
    clinic.register(**cast.identity_of(cast.ADA), allergies=("Penicillin",))
    clinic.register(**cast.identity_of(cast.GRACE), sex=Sex.FEMALE)


def search(app: AppTest, text: str) -> AppTest:
    return app.text_input(key="patients_search").set_value(text).run()


def with_filter(app: AppTest, field: str, operator: Operator) -> AppTest:
    app.session_state["patients_filters"] = True
    app.run()
    app.button(key="patients_add_1").click().run()
    app.selectbox(key="patients_field_2").set_value(field).run()
    return app.selectbox(key="patients_operator_2").set_value(operator).run()


def test_a_search_shows_who_matches_and_says_so(clinic: Clinic):
    app = search(clinic.open("patients"), "lovelace")

    assert [row[0] for row in rows_of(app)] == ["Lovelace, Ada"]
    assert app.markdown[0].value == "**1 patient matching “lovelace”**"


def test_who_sees_the_whole_list_is_told_how_many_however_long_counting_takes(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.lists.counting.run_within", lambda *_, **__: None)

    app = search(clinic.open("patients"), "lovelace")
    assert app.markdown[0].value == "**1 patient matching “lovelace”**"

    search(app, "listed")
    assert app.markdown[0].value.startswith("**about ")


def test_the_address_carries_a_key_and_never_what_was_searched(clinic: Clinic):
    app = search(clinic.open("patients"), "lovelace")

    key = app.query_params["list"]
    assert "lovelace" not in str(app.query_params).lower()
    assert len(key) >= 16


def test_a_list_just_asked_for_is_not_looked_up_by_its_address(clinic: Clinic):
    app = clinic.open("patients")

    with statements_of_pages() as statements:
        search(app, "lovelace")

    assert [
        words for words in statements if "stored_criteria" in words and "INTO" in words
    ]
    assert not [words for words in statements if "FROM stored_criteria" in words]


def test_a_list_and_its_count_are_asked_with_their_limits_and_recorded_at_once(
    clinic: Clinic,
):
    with statements_of_pages() as statements:
        clinic.open("patients")

    assert sum("audit_events" in words for words in statements) == 1
    # A connection without a plan for the list plans it first, within the same limit.
    limited = [
        words
        for words in statements
        if "statement_timeout" in words and not words.rstrip().endswith(";")
    ]
    assert len(limited) == 2
    assert all("SELECT" in words or "EXECUTE" in words for words in limited)


def test_the_address_reopens_exactly_this_list_for_a_colleague(clinic: Clinic):
    key = search(clinic.open("patients"), "lovelace").query_params["list"]

    app = clinic.open("patients", Role.STAFF, list=key)

    assert [row[0] for row in rows_of(app)] == ["Lovelace, Ada"]
    assert app.text_input(key="patients_search").value == "lovelace"


def test_an_address_that_names_no_list_is_explained(clinic: Clinic):
    app = clinic.open("patients", list="nothing-of-the-kind")

    assert "list" in app.warning[0].value


def test_nobody_found_leads_back_to_everybody(clinic: Clinic):
    app = search(clinic.open("patients"), "xyzzy")

    app.button(key="patients_all").click().run()

    assert len(rows_of(app)) == 20
    assert "list" not in app.query_params


def test_a_name_nobody_has_is_registered_next_and_stands_in_no_address(
    clinic: Clinic,
):
    app = search(clinic.open("patients"), "zoltan zzzz")
    assert "patients_table" not in {part.key for part in app.get("bidi_component")}

    app.button(key="patients_register_searched").click().run()

    assert app.text_input(key="register_first_name").value == "zoltan"
    assert app.text_input(key="register_last_name").value == "zzzz"
    assert "zzzz" not in str(app.query_params)


def test_what_was_half_typed_of_another_is_not_mixed_with_the_name(clinic: Clinic):
    app = clinic.open("register")
    app.text_input(key="register_phone_number").set_value("01632 960 001").run()
    app.session_state["register_named"] = ("Zoltan", "Zzzz")

    app.run()

    assert app.text_input(key="register_last_name").value == "Zzzz"
    assert app.text_input(key="register_phone_number").value == ""


@pytest.mark.parametrize("typed", ["01632 960 9999", "nobody@example.org"])
def test_what_is_no_name_is_not_registered_as_one(clinic: Clinic, typed: str):
    app = search(clinic.open("patients"), typed)

    assert "patients_all" in {button.key for button in app.button}
    assert "patients_register_searched" not in {button.key for button in app.button}


def test_a_filter_narrows_the_list(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "allergies", Operator.HAS)
    app.multiselect(key="patients_term_2").set_value(["Penicillin"]).run()

    app.button(key="patients_apply").click().run()

    assert [row[0] for row in rows_of(app)] == ["Lovelace, Ada"]
    assert app.markdown[0].value.startswith("**1 patient allergic to")


@pytest.fixture
def diagnosed(clinic: Clinic) -> str:
    """A patient of the clinician, diagnosed with asthma at a visit; their name."""
    patient = clinic.register(date_of_birth=date(1991, 2, 3))
    clinician = clinic.cast[Role.CLINICIAN]

    def keep(session):
        care.assign(session, clinic.clerk, patient.id, clinician.id)
        doctor = cast.add_doctor(session, user_id=clinician.id)
        begins = datetime.now(UTC) - timedelta(days=3)
        visit = visit_samples.visit(
            session, doctor.id, patient.id, begins, status="completed"
        )
        typed = {"diagnoses": "J45 Asthma"}
        notes.save(session, clinician, visit, typed, number=0)

    clinic.write(keep)
    return f"{patient.last_name}, {patient.first_name}"


def test_clinicians_filter_by_diagnoses_which_the_desk_neither_chooses_nor_opens(
    clinic: Clinic, diagnosed: str
):
    app = with_filter(
        clinic.open("patients", Role.CLINICIAN), "diagnosis", Operator.STARTS_WITH
    )
    app.text_input(key="patients_text_2").set_value("j45").run()
    app.button(key="patients_apply").click().run()

    assert [row[0] for row in rows_of(app)] == [diagnosed]
    assert "whose diagnosis at a visit starts with “j45”" in app.markdown[0].value
    desk = with_filter(clinic.open("patients"), "sex", Operator.EQUAL)
    options = desk.selectbox(key="patients_field_2").options
    assert "Doctor" in options
    assert "Diagnosis at a visit" not in options
    key = app.query_params["list"]
    opened = clinic.open("patients", list=key)
    assert "You may not read the records of visits" in opened.error[0].value
    assert diagnosed not in str(rows_of(opened))


def test_groups_combine_all_and_any(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "sex", Operator.EQUAL)
    app.selectbox(key="patients_choice_2").set_value("female").run()
    app.button(key="patients_add_group_1").click().run()
    for row, name in ((4, "Hopper"), (5, "Lovelace")):
        app.text_input(key=f"patients_text_{row}").set_value(name).run()
        if row == 4:
            app.button(key="patients_add_3").click().run()

    app.button(key="patients_apply").click().run()

    assert [row[0] for row in rows_of(app)] == ["Hopper, Grace"]


def test_a_filter_without_a_value_is_refused_and_the_list_stays(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "last_name", Operator.EQUAL)

    app.button(key="patients_apply").click().run()

    assert "Last name" in app.error[0].value
    assert len(rows_of(app)) == 20


def test_a_value_of_the_wrong_kind_says_what_to_type(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "date_of_birth", Operator.LESS_THAN)
    app.text_input(key="patients_text_2").set_value("soon").run()

    app.button(key="patients_apply").click().run()

    assert "1980-01-31" in app.error[0].value
    assert app.text_input(key="patients_text_2").value == "soon"


def test_several_sort_keys_order_the_list(clinic: Clinic):
    app = clinic.open("patients")
    app.session_state["patients_filters"] = True
    app.run()
    for _ in range(2):
        app.button(key="patients_add_order").click().run()
    app.selectbox(key="patients_direction_2").set_value("DESC").run()
    app.selectbox(key="patients_order_3").set_value("date_of_birth").run()

    app.button(key="patients_apply").click().run()

    assert rows_of(app)[0][0].startswith(("Test", "Lovelace", "Listed"))
    assert app.query_params["list"]


def test_terms_on_file_are_offered_to_choose_from(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "allergies", Operator.HAS)

    assert app.multiselect(key="patients_term_2").options == ["Penicillin"]


def test_a_removed_filter_is_gone(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "last_name", Operator.EQUAL)
    app.text_input(key="patients_text_2").set_value("Hopper").run()
    app.button(key="patients_apply").click().run()

    app.button(key="patients_remove_2").click().run()
    app.button(key="patients_apply").click().run()

    assert len(rows_of(app)) == 20


def test_pages_follow_each_other_without_gap_or_repeat(clinic: Clinic):
    app = search(clinic.open("patients"), "Listed")
    first = rows_of(app)

    second = rows_of(app.button(key="patients_next").click().run())
    again = rows_of(app.button(key="patients_previous").click().run())

    assert len(first) == 20
    assert len(second) == 3
    assert not {row[0] for row in first} & {row[0] for row in second}
    assert again == first


def test_the_last_page_is_one_step_away(clinic: Clinic):
    app = search(clinic.open("patients"), "Listed")

    assert "Page 1 of 2" in [caption.value for caption in app.caption]

    app.button(key="patients_last").click().run()

    assert rows_of(app)[-1][0] == "Listed, Pager 22"
    assert "Page 2 of 2" in [caption.value for caption in app.caption]
    assert app.button(key="patients_next").disabled


def test_another_list_starts_at_its_first_page(clinic: Clinic):
    app = search(clinic.open("patients"), "Listed")
    app.button(key="patients_next").click().run()

    # A patient who comes before the position at which the other list was left.
    search(app, "hopper")

    assert [row[0] for row in rows_of(app)] == ["Hopper, Grace"]


def test_a_view_is_saved_under_a_name_and_opened_again(clinic: Clinic):
    app = search(clinic.open("patients"), "lovelace")
    app.session_state["patients_views"] = True
    app.run()
    app.text_input(key="patients_view_name").set_value("The countess")
    app.button(key="patients_view_save").click().run()
    other = clinic.open("patients")
    other.session_state["patients_views"] = True
    other.run()

    next(b for b in other.button if b.label == "The countess").click().run()

    assert [row[0] for row in rows_of(other)] == ["Lovelace, Ada"]


def test_a_view_without_a_name_is_refused(clinic: Clinic):
    app = clinic.open("patients")
    app.session_state["patients_views"] = True
    app.run()

    app.button(key="patients_view_save").click().run()

    assert app.error


def test_an_analyst_sees_lists_but_opens_and_registers_nobody(clinic: Clinic):
    app = clinic.open("patients", Role.ANALYST)

    assert rows_of(app)
    assert "patients_register" not in {button.key for button in app.button}
    table = app.get("bidi_component")[0].proto.bytes.decode()
    assert '"url": ""' in table
    assert "/patient?" not in table


def test_a_misspelt_name_finds_whom_it_resembles(clinic: Clinic):
    app = search(clinic.open("patients"), "Lovelase Ada")

    assert "Lovelace, Ada" in str(rows_of(app))
    assert any("Did you mean" in words.value for words in app.markdown)


def test_the_list_says_where_it_was_read(clinic: Clinic):
    app = clinic.open("patients")

    assert any("as of" in caption.value for caption in app.caption)


def test_the_links_to_files_name_the_list_by_its_key(clinic: Clinic):
    app = search(clinic.open("patients"), "lovelace")

    urls = [urlsplit(link.proto.url) for link in app.get("link_button")]
    assert [url.path for url in urls] == [
        "/files/patients.csv",
        "/files/patients.xlsx",
    ]
    for parameters in (parse_qs(url.query) for url in urls):
        assert parameters["list"] == [app.query_params["list"]]
        # It must show what this person has just saved, whichever replica answers.
        assert Lsn.parse(parameters["after_lsn"][0]) > 0


def test_charts_describe_the_list_in_words(clinic: Clinic):
    app = clinic.open("patients")
    app.session_state["patients_charts"] = True

    app.run()

    assert {h.value for h in app.subheader} == {"Age", "Sex", "Allergies"}


def test_a_list_of_days_between_two_is_typed_as_two(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "date_of_birth", Operator.BETWEEN)
    app.text_input(key="patients_from_2").set_value("1980")
    app.text_input(key="patients_to_2").set_value("17.5.1980").run()

    app.button(key="patients_apply").click().run()

    assert app.markdown[0].value == ("**1 patient born between 1980 and 17 May 1980**")
    assert app.text_input(key="patients_to_2").value == "17.5.1980"


def test_what_was_typed_stays_when_an_end_is_missing(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "date_of_birth", Operator.EQUAL)
    app.text_input(key="patients_text_2").set_value("1990").run()
    app.selectbox(key="patients_operator_2").set_value(Operator.BETWEEN).run()
    assert app.text_input(key="patients_from_2").value == "1990"

    app.button(key="patients_apply").click().run()

    (said,) = [error.value for error in app.error]
    assert "Date of birth: enter both ends" in said
    assert app.text_input(key="patients_from_2").value == "1990"
    assert app.text_input(key="patients_to_2").value == ""


def test_who_was_registered_in_the_last_days_is_listed(clinic: Clinic):
    app = with_filter(clinic.open("patients"), "created_at", Operator.IN_THE_LAST)
    assert app.text_input(key="patients_span_count_2").value == "30"
    app.selectbox(key="patients_span_unit_2").set_value("weeks")
    app.text_input(key="patients_span_count_2").set_value("2").run()

    app.button(key="patients_apply").click().run()

    assert "registered in the last 2 weeks" in app.markdown[0].value
    assert app.selectbox(key="patients_span_unit_2").value == "weeks"

    app.text_input(key="patients_span_count_2").set_value("some").run()
    app.button(key="patients_apply").click().run()

    assert "for example 30 days" in app.error[0].value
    assert app.text_input(key="patients_span_count_2").value == "some"


def test_the_views_close_once_a_list_is_saved_but_not_while_its_name_is_wrong(
    clinic: Clinic,
):
    app = clinic.open("patients")
    app.session_state["patients_views"] = True
    app.run()

    app.button(key="patients_view_save").click().run()

    assert app.session_state["patients_views"]
    assert "Give the view a name" in app.error[0].value

    app.text_input(key="patients_view_name").set_value("Closing time")
    app.button(key="patients_view_save").click().run()

    assert "patients_view_save" not in {button.key for button in app.button}
