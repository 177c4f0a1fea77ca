"""The values somebody had typed come back into the widgets, and nowhere else."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.language import using_language


def _page():
    import streamlit as st

    from dashboard.ui import restored_input

    names = {1: "One", 2: "Two"}
    st.session_state.setdefault("register_id", "mine")
    st.text_input("Name", key="name")
    st.text_area("Note", key="note")
    st.checkbox("Sure", key="sure")
    st.selectbox("Number", [1, 2], format_func=names.get, key="number")
    st.multiselect("Numbers", [1, 2], format_func=names.get, key="numbers")
    st.selectbox("Empty", [1, 2], None, format_func=names.get, key="empty")
    st.number_input("Minutes", value=None, step=1.0, key="minutes")
    st.multiselect("Terms", ["Asthma"], accept_new_options=True, key="terms")

    def take():
        restored_input.fill_in(st.session_state["incoming"])

    st.button("Take", key="take", on_click=take)


def _german_page():
    import streamlit as st

    from dashboard.ui import restored_input
    from dashboard.ui.language import gettext, using_language

    sexes = {"unknown": "Not known", "female": "Female"}
    known = {"allergies": "Allergies"}
    with using_language("de"):
        st.selectbox(
            "Sex", sexes, format_func=lambda sex: gettext(sexes[sex]), key="sex"
        )
        st.multiselect(
            "Known",
            known,
            format_func=lambda each: gettext(known.get(each, each)),
            accept_new_options=True,
            key="known",
        )

    def take():
        with using_language("de"):
            restored_input.fill_in(st.session_state["incoming"])

    st.button("Take", key="take", on_click=take)


def _filled(typed):
    app = AppTest.from_function(_page).run()
    app.session_state["incoming"] = typed
    app.button(key="take").click().run()
    return app


def test_every_kind_of_widget_gets_back_what_stood_in_it():
    app = _filled(
        {
            "name": "Ada",
            "note": "Two\nlines",
            "sure": True,
            "number": "Two",
            "numbers": ["Two", "One"],
            "minutes": 20,
            "empty": "Two",
            "terms": ["Asthma", "Something new"],
        }
    )

    assert app.text_input(key="name").value == "Ada"
    assert app.text_area(key="note").value == "Two\nlines"
    assert app.checkbox(key="sure").value is True
    assert app.selectbox(key="number").value == 2
    assert app.multiselect(key="numbers").value == [2, 1]
    assert app.number_input(key="minutes").value == 20.0
    assert app.selectbox(key="empty").value == 2
    assert app.multiselect(key="terms").value == ["Asthma", "Something new"]


def test_a_choice_is_kept_that_was_named_in_another_language():
    # AppTest asks for the names of choices again, outside of the page.
    with using_language("de"):
        app = AppTest.from_function(_german_page).run()
        app.session_state["incoming"] = {"sex": "Female", "known": ["Allergies", "Own"]}
        app.button(key="take").click().run()

    assert app.selectbox(key="sex").options[1] == "Weiblich"
    assert app.session_state["sex"] == "female"
    assert app.session_state["known"] == ["allergies", "Own"]


def test_what_is_no_widget_is_left_alone():
    app = _filled({"register_id": "yours", "chartroom_actor": "admin", "take": True})

    assert app.session_state["register_id"] == "mine"
    assert "chartroom_actor" not in app.session_state


@pytest.mark.parametrize(
    "typed",
    [
        None,
        "x",
        ["name"],
        {"name": 1},
        {"name": ["Ada"]},
        {"sure": "yes"},
        {"number": "Three"},
        {"numbers": ["Three"]},
        {"numbers": "One"},
        {"minutes": True},
        {"empty": "Three"},
        {"empty": 2},
        {"minutes": "20"},
        {"terms": [1]},
        {f"name{number}": "x" for number in range(201)} | {"name": "Ada"},
    ],
)
def test_what_the_widgets_own_part_could_not_send_is_ignored(typed):
    app = _filled(typed)

    assert app.text_input(key="name").value == ""
    assert app.checkbox(key="sure").value is False
    assert app.selectbox(key="number").value == 1
    assert app.selectbox(key="empty").value is None
    assert app.number_input(key="minutes").value is None
    assert app.multiselect(key="numbers").value == []
    assert app.multiselect(key="terms").value == []
