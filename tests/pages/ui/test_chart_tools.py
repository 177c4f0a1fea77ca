"""Below a chart are its numbers, for those who open them, and for nobody else."""

from streamlit.testing.v1 import AppTest

from tests.pages.chart_numbers import opened_tools, tools_of

MADE = "how often the numbers were made"


def page():
    import pandas as pd
    import streamlit as st

    from dashboard.ui.chart_tools import chart_box

    def numbers():
        made = "how often the numbers were made"
        st.session_state[made] = st.session_state.get(made, 0) + 1
        return pd.DataFrame({"Hour": range(300), "=Visits": [None, *["=1+1"] * 299]})

    with chart_box("Visits", numbers, key="visits"):
        st.caption("The chart")


def page_without_numbers():
    import streamlit as st

    from dashboard.ui.chart_tools import chart_box
    from services.core.errors import InvalidInput

    def numbers():
        raise InvalidInput("visits", "They cannot be counted now.")

    with chart_box("Visits", numbers, key="visits"):
        st.caption("The chart")


def page_of_choices():
    import pandas as pd
    import streamlit as st

    from dashboard.ui.chart_tools import choosing_box

    numbers = pd.DataFrame({"Sex": ["Female", "Total"], "Patients": [12, 12]})
    choose, fixed = "Show only", ["Female"]
    with choosing_box(
        "Sexes", lambda: numbers, key="sexes", choose=choose, choosable=fixed
    ) as chosen:
        st.caption(f"Chosen: {chosen}")


def test_nobody_is_sent_numbers_that_they_have_not_asked_for():
    app = AppTest.from_function(page).run()

    assert tools_of(app) == {"Visits": {"name": "Visits", "frame": "st-key-visits_box"}}
    assert MADE not in app.session_state


def test_an_opened_table_has_the_last_rows_and_says_how_many_there_are():
    app = AppTest.from_function(page).run()
    app.session_state["visits_tools"] = {"opened": True}

    tools = tools_of(app.run())["Visits"]

    assert tools["table"]["header"] == ["Hour", "=Visits"]
    assert tools["table"]["rows"] == [[str(n), "=1+1"] for n in range(100, 300)]
    assert tools["table"]["left_out"] == 100
    assert "csv" not in tools


def test_a_file_has_all_rows_and_no_formulas():
    app = AppTest.from_function(page).run()

    lines = opened_tools(app)["Visits"]["csv"].split("\r\n")

    assert lines[:3] == ['"Hour","\'=Visits"', '"0",""', '"1","\'=1+1"']
    assert len(lines) == 1 + 300 + 1


def test_a_german_file_has_columns_for_a_german_spreadsheet():
    app = AppTest.from_function(page)
    app.session_state["chartroom_language"] = "de"

    lines = opened_tools(app.run())["Visits"]["csv"].split("\r\n")

    assert lines[:2] == ['"Hour";"\'=Visits"', '"0";""']


def _page_of_differences() -> None:
    import pandas as pd

    from dashboard.ui.chart_tools import chart_box

    texts = ["+0.183", "-0,108", "-12", "+1+1", "-0.1.2", "+ 1", "-", "@1"]
    frame = pd.DataFrame({"Difference": texts})
    with chart_box("Differences", lambda: frame, key="differences"):
        pass


def test_numbers_with_a_sign_stay_numbers_in_a_file():
    app = AppTest.from_function(_page_of_differences).run()

    lines = opened_tools(app)["Differences"]["csv"].split("\r\n")

    assert lines[1:4] == ['"+0.183"', '"-0,108"', '"-12"']
    assert lines[4:-1] == [
        f'"\'{cell}"' for cell in ("+1+1", "-0.1.2", "+ 1", "-", "@1")
    ]


def test_a_closed_table_is_sent_no_more():
    app = AppTest.from_function(page).run()
    opened_tools(app)
    app.session_state["visits_tools"] = {"opened": False}

    assert set(tools_of(app.run())["Visits"]) == {"name", "frame"}


def test_what_no_browser_of_ours_says_opens_nothing():
    app = AppTest.from_function(page).run()
    for said in (["opened"], "opened", 7):
        app.session_state["visits_tools"] = said
        assert set(tools_of(app.run())["Visits"]) == {"name", "frame"}


def test_what_was_chosen_in_a_table_is_told_to_the_page_once():
    app = AppTest.from_function(page_of_choices).run()
    # As after a click, which AppTest does not know.
    app.session_state["sexes_tools_chosen"] = "Female"

    assert app.run().caption[0].value == "Chosen: Female"
    assert app.run().caption[0].value == "Chosen: None"
    table = opened_tools(app)["Sexes"]["table"]
    assert (table["choose"], table["fixed"]) == ("Show only", ["Total"])


def test_what_no_table_offers_to_choose_draws_no_page_anew():
    app = AppTest.from_function(page).run()
    app.session_state["visits_tools_chosen"] = "7"

    # A page that is drawn for ever exceeds the time limit.
    assert app.run().caption[0].value == "The chart"


def test_numbers_that_cannot_be_made_are_explained_below_their_chart():
    app = AppTest.from_function(page_without_numbers).run()
    app.session_state["visits_tools"] = {"opened": True}
    app.run()

    assert app.caption[0].value == "The chart"
    assert [each.value for each in app.error] == ["They cannot be counted now."]
