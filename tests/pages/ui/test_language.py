"""Pages that speak German speak nothing else, and dates are written as in German."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

from dashboard.ui.language import CATALOGUES, GERMAN, current_language, long_date

ROOT = Path(__file__).resolve().parents[3]

#: Modules whose every sentence is in the catalogues.
TRANSLATED = ("dashboard/visits/appointments/patient_home.py",)

# What draws text, by the name of the function or of the keyword that takes it.
SHOWS = frozenset(
    {
        "button",
        "caption",
        "checkbox",
        "error",
        "expander",
        "header",
        "info",
        "link_button",
        "markdown",
        "metric",
        "radio",
        "selectbox",
        "subheader",
        "success",
        "text_area",
        "text_input",
        "title",
        "toast",
        "warning",
        "write",
        "empty_state",
    }
)
SHOWN_AS = frozenset({"label", "help", "placeholder", "alt", "action", "title"})


def untranslated(source: Path) -> list[str]:
    """Return the messages of a module that a German catalogue does not have."""
    known = set()
    for path in CATALOGUES.glob(f"{GERMAN}/*.po"):
        with path.open("rb") as file:
            known |= {
                message.id
                for message in read_po(file, locale=GERMAN)
                if message.id and not message.fuzzy and all(_forms(message.string))
            }
    extracted = extract_from_file("python", source, {"_": None, "ngettext": (1, 2)})
    return [str(text) for _, text, _, _ in extracted if text not in known]


def unwrapped(code: str) -> list[str]:
    """Return the texts that a module shows without asking a catalogue."""
    return [
        ast.unparse(argument)
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call)
        for argument in _shown(call)
        if any(_has_words(part) for part in _own_texts(argument))
    ]


def _forms(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def _name(call: ast.Call) -> str:
    function = call.func
    return getattr(function, "attr", getattr(function, "id", ""))


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    if _name(call) in SHOWS:
        yield from call.args[:1]
    yield from (each.value for each in call.keywords if each.arg in SHOWN_AS)


def _own_texts(node: ast.AST) -> Iterator[str]:
    """Yield the literals of an expression that are not an argument of some call."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Call | ast.FormattedValue):
        for child in ast.iter_child_nodes(node):
            yield from _own_texts(child)


def _has_words(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


@pytest.mark.parametrize("module", TRANSLATED)
def test_every_sentence_is_wrapped_and_german(module: str) -> None:
    assert not unwrapped((ROOT / module).read_text("utf-8"))
    assert not untranslated(ROOT / module)


def test_sentences_that_are_not_wrapped_are_found() -> None:
    assert unwrapped('st.button("Book")') == ["'Book'"]
    assert unwrapped('st.markdown(f"#### {day} was")') == ["f'#### {day} was'"]
    assert unwrapped('empty_state(_("None"), action="Book")') == ["'Book'"]
    assert not unwrapped('st.button(_("Book"), key="book_it")')


def test_sentences_that_are_not_translated_are_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('_("Next visit")\n_("Nobody translated this.")\n', "utf-8")

    assert untranslated(module) == ["Nobody translated this."]


def test_placeholders_stand_in_both_languages() -> None:
    for path in CATALOGUES.glob("*/*.po"):
        with path.open("rb") as file:
            for message in read_po(file):
                for form in _forms(message.string) if message.id else ():
                    assert _fields(form) == _fields(_forms(message.id)[-1])


def _fields(text: str) -> set[str]:
    from string import Formatter

    return {name for _, name, _, _ in Formatter().parse(text) if name}


def speaking() -> None:
    """Draw a day and two plural forms in a language of the session."""
    from datetime import date

    import streamlit as st

    from dashboard.ui.language import long_date, ngettext

    st.text(long_date(date(2026, 11, 24)))
    for days in (1, 3):
        st.text(ngettext("In {days} day", "In {days} days", days).format(days=days))


def test_two_sessions_each_speak_their_own_language() -> None:
    english, german = (AppTest.from_function(speaking) for _ in range(2))
    german.session_state["chartroom_language"] = GERMAN

    drawn = [[text.value for text in app.run().text] for app in (german, english)]

    assert drawn == [
        ["24. November 2026", "In 1 Tag", "In 3 Tagen"],
        ["24 November 2026", "In 1 day", "In 3 days"],
    ]


def test_outside_a_page_it_is_english() -> None:
    assert current_language() == "en"
    assert long_date(date(1980, 3, 5)) == "5 March 1980"
