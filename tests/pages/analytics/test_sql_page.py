"""The page on which analysts query in SQL, from the empty state to rows and files."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from services.analytics import queries, shared_questions
from services.analytics.cohorts import EventKind
from services.analytics.figures import protecting
from services.analytics.queries import EXAMPLES, QUERIES, executing
from services.core.actors import Actor, Role
from services.documents.records.kinds import DocumentType
from services.lists import views
from services.patients.records.model import Sex
from tests.kit import cast
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic, captions, markdown_of, press, rows_of
from tests.services.analytics.cohorts.test_counting import diagnosed
from tests.services.pdf.samples import letter

BY_SEX = (
    "SELECT sex, count(*) AS patients FROM patients "
    "WHERE birth_year BETWEEN 1930 AND 1945 GROUP BY sex ORDER BY 1"
)


@pytest.fixture(scope="module")
def people(clinic: Clinic) -> None:
    """Nine women and seven men, and others: of nearly everybody no count is shown."""
    for number in range(10):
        clinic.register(first_name=f"B{number}", date_of_birth=date(1970, 1, 1))
    for number in range(26):
        clinic.register(
            first_name=f"P{number}",
            sex=Sex.FEMALE if number < 9 else Sex.MALE,
            date_of_birth=date(1930 + number if number < 16 else 1984 + number, 1, 1),
        )


@pytest.fixture(scope="module")
def diagnoses(clinic: Clinic) -> None:
    """Twelve patients of different ages, each with two diagnoses."""
    for number in range(12):
        born_on = date(1950 + number, 1, 1)
        patient = clinic.register(first_name=f"V{number}", date_of_birth=born_on)
        for term in ("Gout", "Asthma"):
            clinic.write(lambda s, p=patient, t=term: diagnosed(s, p, term=t))


def run(app: AppTest, sql: str) -> None:
    """Type a query, and run it."""
    app.text_area(key="sql_text").set_value(sql)
    press(app, "sql_run")


def test_before_anything_is_run_the_page_says_what_to_do(clinic: Clinic):
    app = clinic.open("sql", Role.ANALYST)

    assert any("Nothing has been run yet" in each.value for each in app.markdown)


def test_a_query_is_estimated_run_and_shown_with_its_files(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX)

    assert rows_of(app, "sql_result") == [["Female", "9"], ["Male", "7"]]
    assert "Estimated cost: about" in captions(app)
    assert "no number below 5" in captions(app)
    key = app.query_params["list"]
    links = {each.label: each.url for each in app.get("link_button")}
    assert links["JSON"] == f"/api/v1/queries/{key}?format=json"
    assert set(links) >= {"CSV", "Excel", "Parquet"}


def test_a_colleague_opens_the_address_and_sees_the_same(clinic: Clinic, people):
    ana = clinic.cast[Role.ANALYST]
    key = clinic.write(lambda s: queries.remember(s, ana, queries.parse(BY_SEX)))

    app = clinic.open("sql", Role.ANALYST, list=key)

    assert app.text_area(key="sql_text").value == BY_SEX
    assert len(rows_of(app, "sql_result")) == 2


def test_the_cost_is_estimated_before_anything_is_run(clinic: Clinic):
    before = len(clinic.audit("query:run"))
    app = clinic.open("sql", Role.ANALYST)
    app.text_area(key="sql_text").set_value("SELECT count(*) FROM visits")
    press(app, "sql_estimate")

    assert "Estimated cost: about" in captions(app)
    assert len(clinic.audit("query:run")) == before
    assert "list" not in app.query_params


@pytest.mark.parametrize("sql", [BY_SEX, "SELECT count(*) FROM visits"])
def test_above_an_answer_one_estimate_stands_the_one_asked_for(
    clinic: Clinic, people, sql
):
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX)
    app.text_area(key="sql_text").set_value(sql)
    press(app, "sql_estimate")

    assert rows_of(app, "sql_result") == [["Female", "9"], ["Male", "7"]]
    assert captions(app).count("Estimated cost: about") == 1


def test_a_refusal_says_what_to_write_and_the_text_stays(clinic: Clinic):
    app = clinic.open("sql", Role.ANALYST)
    run(app, "SELECT * FROM visits WHERE age = 1/0")

    [said] = [each.value for each in app.error]
    assert "/ is not supported here" in said
    assert app.text_area(key="sql_text").value == "SELECT * FROM visits WHERE age = 1/0"
    assert "list" not in app.query_params


@pytest.mark.parametrize(
    "sql",
    ["SELECT count(*) FROM visits WHERE occurred_on > '2026-02-31'", "SELECT"],
    ids=["refused", "unreadable"],
)
def test_an_answer_below_another_query_is_said_to_be_the_earlier_ones(
    clinic: Clinic, people, sql
):
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX)
    assert "run before" not in captions(app)

    run(app, sql)

    assert len(app.error) == 1
    assert rows_of(app, "sql_result") == [["Female", "9"], ["Male", "7"]]
    assert "to the query that was run before, not to this one" in captions(app)


def test_what_few_have_is_no_row_and_it_is_said_so(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    run(app, "SELECT count(*) FROM patients WHERE birth_year = 1930")

    assert any("No rows are shown" in each.value for each in app.markdown)
    # Nor is there anything to download.
    assert not app.get("link_button")


def test_where_having_leaves_no_row_it_is_said_so(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX.replace("ORDER BY 1", "HAVING count(*) > 900"))

    [said] = [each.value for each in app.markdown if "No rows are shown" in each.value]
    assert "HAVING may have left out the others." in said


def test_a_difference_of_few_is_refused_on_the_page(clinic: Clinic, people):
    wide = "SELECT count(*) FROM patients WHERE birth_year > 1999"
    app = clinic.open("sql", Role.ANALYST)
    run(app, wide)
    assert rows_of(app, "sql_result") == [["10"]]

    run(app, f"{wide} AND birth_year > 2000")

    said = [each.value for each in (*app.error, *app.warning)]
    assert any("fewer than 5 patients" in each for each in said)


def test_a_query_that_takes_too_long_is_stopped_in_words(
    clinic: Clinic, people, monkeypatch
):
    monkeypatch.setattr(executing, "LIMIT_SECONDS", 0.001)
    joins = " ".join(
        f"JOIN diagnoses d{n} ON d{n}.patient_id = d.patient_id" for n in range(3)
    )
    app = clinic.open("sql", Role.ANALYST)
    run(app, f"SELECT count(*) FROM diagnoses d {joins}")

    said = [each.value for each in (*app.error, *app.warning)]
    assert any("longer than ten seconds" in each for each in said)


def test_examples_and_views_fill_the_editor(clinic: Clinic):
    app = clinic.open("sql", Role.ANALYST)
    app.session_state["sql_examples"] = True
    press(app, "sql_example_0")
    assert not app.session_state["sql_examples"]
    assert app.text_area(key="sql_text").value == next(iter(EXAMPLES.values()))

    press(app, "sql_view_vitals")
    assert app.text_area(key="sql_text").value.endswith("FROM vitals")
    assert any("waiting_minutes" in each.value for each in app.markdown)


def test_types_of_documents_have_their_names_in_the_result_and_as_most_common(
    clinic: Clinic, file
):
    """A type that all have would be left out, so there are two."""
    for number in range(14):
        type_ = DocumentType.LAB_REPORT if number < 8 else DocumentType.IMAGING
        patient = clinic.register(first_name=f"D{number}")
        file(letter(f"Findings {number}"), of=patient.id, document_type=type_)
    app = clinic.open("sql", Role.ANALYST)

    run(app, "SELECT term, count(*) AS documents FROM documents GROUP BY term")
    assert rows_of(app, "sql_result") == [["Imaging", "6"], ["Lab report", "8"]]

    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key="cohorts_entry_kind").set_value(EventKind.DOCUMENT).run()
    press(app, "cohorts_entry_commonest")
    offered = {b.label: b.key for b in app.button if "facet_" in str(b.key)}
    press(app, str(offered["Lab report · 8"]))
    assert app.text_input(key="cohorts_entry_words").value == "Lab report"


def test_what_was_typed_comes_back_after_an_example_took_its_place(clinic: Clinic):
    app = clinic.open("sql", Role.ANALYST)
    app.text_area(key="sql_text").set_value("SELECT count(*) FROM vitals -- mine")
    press(app, "sql_example_0")
    press(app, "sql_view_visits")
    assert app.text_area(key="sql_text").value.endswith("FROM visits")

    press(app, "sql_back")

    assert app.text_area(key="sql_text").value == "SELECT count(*) FROM vitals -- mine"
    assert "sql_back" not in {each.key for each in app.button}


def test_columns_with_fixed_values_list_them(clinic: Clinic):
    app = clinic.open("sql", Role.ANALYST)

    listed = markdown_of(app)

    assert "`scheduled`, `checked-in`, `completed`, `cancelled`, `no-show`" in listed
    assert "`female`, `male`, `other`, `unknown`" in listed
    assert "text: the type of document (`medical_record`, " in listed


def test_nothing_is_offered_back_where_nothing_was_typed(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    press(app, "sql_example_0")
    press(app, "sql_example_1")
    run(app, f"{BY_SEX} ")

    assert "sql_back" not in {each.key for each in app.button}


def test_a_query_is_saved_and_opened_by_its_name(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX)
    app.text_input(key="sql_name").set_value("By sex")
    press(app, "sql_save")
    assert "Saved as By sex." in [each.value for each in app.toast]

    app = clinic.open("sql", Role.ANALYST)
    [saved] = [each for each in app.button if each.label == "By sex"]
    press(app, saved.key)
    assert app.text_area(key="sql_text").value == BY_SEX

    listed = clinic.open("views", Role.ANALYST)
    assert any("Queries · saved" in each.value for each in listed.caption)


def save_query(session: Session, owner: Actor, name: str, sql: str) -> UUID:
    key = queries.remember(session, owner, queries.parse(sql))
    return views.save_view(
        session, owner, name, key, subject=QUERIES, description="Quartal"
    ).id


def test_a_query_is_shared_with_all_while_it_is_saved(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX)
    app.text_input(key="sql_name").set_value("Befund")
    app.text_input(key="sql_description").set_value("Quartal")
    app.checkbox(key="sql_share").check()
    press(app, "sql_save")

    assert clinic.audit("view:share")[-1].details["with_everybody"]
    [saved] = [each for each in app.button if each.label == "Befund"]
    assert saved.help == "Quartal"
    # There it is shared with a few people only, or renamed later.
    ways = {each.proto.label: each.proto.page for each in app.get("page_link")}
    assert ways["Share, rename or delete"] == "views"


def test_what_a_colleague_shares_is_opened_and_not_changed(clinic: Clinic, people):
    def share(session: Session) -> UUID:
        colleague = cast.add_actor(session, Role.ANALYST)
        view_id = save_query(session, colleague, "Auswertung", BY_SEX)
        shared_questions.share(session, colleague, view_id, with_everybody=True)
        return view_id

    view_id = clinic.write(share)
    app = clinic.open("sql", Role.ANALYST)
    shared = app.button(key=f"sql_saved_{view_id}")
    assert shared.label.startswith("Auswertung, by ")
    press(app, shared.key)
    assert app.text_area(key="sql_text").value == BY_SEX

    listed = clinic.open("views", Role.ANALYST)
    keys = {each.key for each in listed.button}
    assert f"views_open_{view_id}" in keys
    assert not keys & {f"views_share_{view_id}", f"views_delete_{view_id}"}
    assert any(" · by " in each.value for each in listed.caption)


def test_with_whom_a_query_is_shared_is_asked_on_saved_views(clinic: Clinic):
    ana = clinic.cast[Role.ANALYST]
    sql = "SELECT count(*) FROM vitals"
    view_id = clinic.write(lambda s: save_query(s, ana, "Vitals", sql))
    clinic.write(lambda s: shared_questions.share(s, ana, view_id, with_everybody=True))
    app = clinic.open("views", Role.ANALYST)
    press(app, f"views_share_{view_id}")

    [with_all] = [
        each
        for each in app.checkbox
        if str(each.key).startswith(f"views_share_{view_id}_all_")
    ]
    assert with_all.value
    assert any("shared with all analysts" in each.value for each in app.caption)


def test_of_a_mean_of_few_no_row_is_shown(clinic: Clinic, people):
    app = clinic.open("sql", Role.ANALYST)
    run(app, "SELECT avg(age) AS mean_age FROM diagnoses WHERE term = 'Scurvy'")
    assert any("No rows are shown" in each.value for each in app.markdown)


def test_how_many_rows_there_are_and_which_are_together_is_said(
    clinic: Clinic, people, diagnoses
):
    app = clinic.open("sql", Role.ANALYST)
    run(
        app,
        "SELECT term, avg(age) AS mean_age FROM diagnoses GROUP BY term LIMIT 1",
    )

    assert "1 of 2 rows are shown." in captions(app)
    assert "30 values that most patients have" in captions(app)
    assert "who has no value is not counted" in captions(app)


def test_too_many_events_are_refused_in_words_and_written_down(
    clinic: Clinic, people, diagnoses, monkeypatch
):
    monkeypatch.setattr(protecting, "MOST_EVENTS", 20)
    app = clinic.open("sql", Role.ANALYST)
    run(app, "SELECT count(*) FROM diagnoses")

    [refusal] = [each.value for each in app.error]
    assert "more than 20 events. Narrow the query with WHERE" in refusal
    assert clinic.audit("query:run")[-1].outcome == "failed"


def test_the_page_is_german(clinic: Clinic, people):
    clinic.speak_german(Role.ANALYST)
    app = clinic.open("sql", Role.ANALYST)
    run(app, BY_SEX)

    assert english(texts_of(app)) == set()
    assert rows_of(app, "sql_result") == [["Weiblich", "9"], ["Männlich", "7"]]

    run(app, "SELECT term FROM visits GROUP BY term")
    assert "Zeilen von Patienten werden nicht gezeigt" in app.error[0].value
