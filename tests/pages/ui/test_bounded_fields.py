"""A value that is longer than its field allows stays there and is refused in words."""

import ast
from pathlib import Path

from streamlit.testing.v1 import AppTest

_ROOT = Path(__file__).resolve().parents[3]
_FILES = [f for room in ("dashboard", "pages") for f in (_ROOT / room).rglob("*.py")]


def page():
    from dashboard.ui.fields import bounded_area, bounded_line

    bounded_line("Reason", longest=10, key="reason")
    bounded_area("Note", longest=10, key="note")


def typed(**texts: str) -> tuple[AppTest, str]:
    app = AppTest.from_function(page).run()
    for field in (app.text_input[0], app.text_area[0]):
        field.set_value(texts.get(field.key, ""))
    app.run()
    return app, " ".join(element.value for element in (*app.markdown, *app.caption))


def test_what_is_pasted_beyond_the_bound_stays_and_the_field_is_named():
    app, said = typed(reason="x" * 12, note="y" * 1_200)

    assert (app.text_input[0].value, app.text_area[0].value) == ("x" * 12, "y" * 1_200)
    assert "Reason has 12 characters; the limit is 10." in said
    assert "Note has 1,200 characters; the limit is 10." in said
    # It is a caption, in the small type of a label.
    assert not app.markdown


def test_near_the_bound_it_is_counted_and_else_nothing_is_said():
    assert typed(reason="x" * 9)[1] == "9 of 10 characters"
    assert typed(reason="x" * 8, note="  yyyyyyyy  ")[1] == ""


def test_no_field_has_a_bound_that_drops_what_is_pasted():
    assert [str(f) for f in _FILES if "max_chars=" in f.read_text()] == []


def test_every_line_says_whether_the_browser_keeps_it():
    calls = (
        (file, call)
        for file in _FILES
        if file.name != "bounded.py"
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        if getattr(call.func, "attr", "") == "text_input"
    )

    assert [
        f"{file}:{call.lineno}"
        for file, call in calls
        if "autocomplete" not in {option.arg for option in call.keywords}
    ] == []
    # What is said of patients at a desk that several people use.
    assert typed()[0].text_input[0].proto.autocomplete == "off"
