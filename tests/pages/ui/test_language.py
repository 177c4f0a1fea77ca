"""German pages show only German, and dates are written as in German."""

import ast
import pickle
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.ui.chart_tools.vega_lite import MUTED
from dashboard.ui.language import (
    CATALOGUES,
    GERMAN,
    LANGUAGE_NAMES,
    current_language,
    day_and_month,
    gettext,
    long_date,
    refusal_text,
    short_date,
    translated,
    using_language,
)
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import day_range
from services.core.actors import LANGUAGES
from services.core.errors import NotFound, StorageFull
from services.core.sentences import Label, Sentence, joined, on_day_at
from tests.kit.sentences import fields, forms, missing, refusals, unwrapped
from tests.pages.cluster_samples import charts_of


def test_sentences_that_are_not_wrapped_are_found() -> None:
    assert unwrapped('st.button("Book")') == ["'Book'"]
    assert unwrapped('st.markdown(f"#### {day} was")') == ["f'#### {day} was'"]
    assert unwrapped('empty_state(_("None"), action="Book")') == ["'Book'"]
    assert not unwrapped('st.button(_("Book"), key="book_it")')
    assert not unwrapped('st.markdown(f":material/event: {day}")')


def test_sentences_that_are_not_translated_are_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('_("Next visit")\nmarked("Nobody translated this.")\n', "utf-8")

    assert missing(module) == ["Nobody translated this."]


def test_refusals_are_found_in_all_their_shapes() -> None:
    code = """
_FULL: Final = "There is no room."
_REASONS: Final = {1: "It is too late.", 2: "It is too early."}

class Late(Conflict):
    def __init__(self, hours):
        super().__init__(Sentence("Up to {hours} hours.", hours=hours))

def check(name):
    if name == 1:
        raise Refused(_FULL)
    if name == 2:
        raise Refused(_REASONS[name])
    raise InvalidInput("name", f"{name} is wrong." if name else "There is none.")
"""

    assert sorted(refusals(code)) == [
        "It is too early.",
        "It is too late.",
        "There is no room.",
        "There is none.",
        "Up to {hours} hours.",
        "f'{name} is wrong.'",
    ]


def test_placeholders_stand_in_both_languages() -> None:
    for path in CATALOGUES.glob("*/*.po"):
        with path.open("rb") as file:
            for message in read_po(file):
                for form in forms(message.string) if message.id else ():
                    # The singular may leave out the number.
                    assert fields(form) <= fields(forms(message.id)[-1])
                if message.id:
                    last = forms(message.string)[-1]
                    assert fields(last) == fields(forms(message.id)[-1])


def test_catalogues_agree_on_what_several_of_them_have() -> None:
    said = defaultdict[object, set[object]](set)
    for path in CATALOGUES.glob("*/*.po"):
        # Scripts have a catalogue of their own.
        if path.stem == "scripts":
            continue
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    key = (path.parent.name, message.context, message.id)
                    said[key].add(forms(message.string))

    assert {key: each for key, each in said.items() if len(each) > 1} == {}


def test_what_is_offered_has_catalogues() -> None:
    assert LANGUAGE_NAMES.keys() == set(LANGUAGES)
    assert set(LANGUAGES) <= {"en", *(path.name for path in CATALOGUES.iterdir())}


def speaking_page() -> None:
    """Draw a day and two plural forms in the language of the session."""
    from datetime import date

    import streamlit as st

    from dashboard.ui.language import long_date, ngettext

    st.text(long_date(date(2026, 11, 24)))
    for days in (1, 3):
        st.text(ngettext("In {days} day", "In {days} days", days).format(days=days))


def test_two_sessions_each_speak_their_own_language() -> None:
    english, german = (AppTest.from_function(speaking_page) for _ in range(2))
    german.session_state["chartroom_language"] = GERMAN

    drawn = [[text.value for text in app.run().text] for app in (german, english)]

    assert drawn == [
        ["24.\u00a0November 2026", "In 1 Tag", "In 3 Tagen"],
        ["24 November 2026", "In 1 day", "In 3 days"],
    ]


def test_numbers_within_a_sentence_have_the_marks_of_the_language() -> None:
    photo = Sentence("Photo is {size:.1f} MB; choose one of at most 5 MB.", size=6.25)
    rows = Sentence("A page can have 1 to {most:,} rows.", most=1000)

    with using_language(GERMAN):
        german = [translated(photo), translated(rows)]

    assert german == [
        "Foto: 6,2 MB sind zu groß; wählen Sie eines mit höchstens 5 MB.",
        "Eine Seite hat 1 bis 1.000 Zeilen.",
    ]
    assert translated(rows) == "A page can have 1 to 1,000 rows."


def page_of_a_figure() -> None:
    from dashboard.ui.figures import Figure, show_figures

    lag = [("Mon", 0.0042), ("Tue", 12.345), ("Wed", 1234.5), ("Thu", 3.0)]
    show_figures([Figure("Replication lag", "0.0 s", "", trend=lag, unit=" s")])


def page_of_ages() -> None:
    from dashboard.ui.figures import Figure, show_figures

    ages = [("0–9", 7.0), ("80–89", 12.0)]
    show_figures([Figure("Asthma", "19", "", trend=ages, is_course=False)])


def page_of_compared_figures() -> None:
    from dashboard.ui.figures import Figure, show_figures

    show_figures(
        [
            Figure("Known", "7", "", 2, "vs a day ago"),
            Figure("Unknown", "not known", "", None, "vs a day ago"),
        ]
    )


def test_what_is_not_known_is_compared_with_nothing() -> None:
    known, unknown = AppTest.from_function(page_of_compared_figures).run().metric

    assert known.proto.delta_description == "vs a day ago"
    assert unknown.proto.delta_description == ""


def test_a_trend_tells_small_numbers_apart_in_each_language() -> None:
    english, german = (AppTest.from_function(page_of_a_figure) for _ in range(2))
    german.session_state["chartroom_language"] = GERMAN

    ((in_english,), (in_german,)) = (charts_of(app.run()) for app in (english, german))

    assert "between 0.00420 and 1,234 s, most recently 3 s." in in_english
    assert "zwischen 0,00420 und 1.234 s, zuletzt 3 s." in in_german


def test_bars_that_are_no_course_of_time_are_told_one_by_one() -> None:
    ages = AppTest.from_function(page_of_ages)

    assert charts_of(ages.run()) == ["Asthma. 0–9: 7, 80–89: 12"]


def test_every_chart_is_drawn_in_the_language_of_the_page() -> None:
    drawn = [
        f"{path.name}:{call.lineno}"
        for path in (Path(dashboard.__file__).parent).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and re.fullmatch(r"st\.\w+_chart", ast.unparse(call.func))
        and "in_language(" not in " ".join(map(ast.unparse, call.args))
    ]

    assert drawn == []


def test_numbers_and_shares_of_a_german_chart_are_german() -> None:
    strip = {"mark": "rect", "config": {"view": {"step": 9}, "axis": {"grid": True}}}

    with using_language(GERMAN):
        config = in_language(strip)["config"]

    assert config["locale"]["number"]["decimal"] == ","
    assert config["locale"]["number"]["percent"] == "\u00a0%"
    assert config["view"] == {"step": 9}
    # Vega's own descriptions are English.
    muted = {"labelColor": MUTED, "titleColor": MUTED}
    assert config["axis"] == {"grid": True, "aria": False} | muted
    assert config["legend"] == {"aria": False} | muted
    # In English, only colours are set.
    config = {"view": {"step": 9}, "axis": {"grid": True} | muted, "legend": muted}
    assert in_language(strip) == strip | {"config": config}


@pytest.mark.parametrize("written", [long_date, short_date, day_and_month])
def test_a_german_day_is_no_item_of_a_list(written: Callable[[date], str]) -> None:
    with using_language(GERMAN):
        day = written(date(2026, 10, 26))

    # At the start of a text, Markdown would take "26. " for the number of a list item.
    assert re.match(r"26\.[^ ]", day)


@pytest.mark.parametrize(
    ("first", "last", "english", "german"),
    [
        (
            "2026-12-01",
            "2026-12-29",
            "1 Dec to 29 Dec 2026",
            "1. Dez. bis 29. Dez. 2026",
        ),
        (
            "2026-12-29",
            "2027-01-05",
            "29 Dec 2026 to 5 Jan 2027",
            "29. Dez. 2026 bis 5. Jan. 2027",
        ),
        ("2026-12-01", "2026-12-01", "1 Dec 2026", "1. Dez. 2026"),
    ],
    ids=["one year", "two years", "one day"],
)
def test_a_range_of_days_says_its_year_once(
    first: str, last: str, english: str, german: str
) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last)

    assert day_range(*days, short_date) == english
    with using_language(GERMAN):
        said = day_range(*days, short_date).replace("\N{NO-BREAK SPACE}", " ")
        assert said == german


def test_outside_a_page_it_is_english() -> None:
    assert current_language() == "en"
    assert long_date(date(1980, 3, 5)) == "5 March 1980"


def test_a_refusal_is_english_to_programs_and_german_to_a_german_page() -> None:
    full = StorageFull("db-01")

    assert str(full).startswith("The disk of db-01 is full, so")
    with using_language(GERMAN):
        assert refusal_text(full).startswith("Der Speicher von db-01 ist voll, ")
        assert refusal_text(NotFound("There is no such sign-in.")) == (
            "Diese Anmeldung gibt es nicht."
        )


def test_a_value_is_translated_only_if_it_is_a_sentence() -> None:
    said = Sentence("{label} is missing; enter it.", label=Sentence("Last name"))
    quoted = Sentence("{label} is missing; enter it.", label="Last name")

    with using_language(GERMAN):
        assert translated(said) == "Nachname fehlt; bitte eintragen."
        assert translated(quoted) == "Last name fehlt; bitte eintragen."


def test_days_of_a_sentence_are_written_as_their_reader_writes_them() -> None:
    since = Sentence("{event} since {since}", event="visits", since=date(2026, 8, 1))
    said = Sentence("{told} within {days} after it", told=since, days="90 days")

    # Programs read ISO 8601, and a date that somebody typed is not reformatted.
    assert said == "visits since 2026-08-01 within 90 days after it"
    assert translated(said) == "visits since 1 August 2026 within 90 days after it"
    with using_language(GERMAN):
        assert "ab 1.\xa0August 2026" in translated(said)
        assert translated(Sentence("“{text}”", text="2026-08-01")) == "„2026-08-01“"


def test_times_within_sentences_have_their_day_written_as_well() -> None:
    at = on_day_at(datetime(2026, 8, 1, 9, 5, tzinfo=UTC))

    assert (at, translated(at)) == ("2026-08-01, 09:05", "1 August 2026, 09:05")


def test_parts_of_a_sentence_are_translated_each_by_itself() -> None:
    said = joined("; ", (Sentence("Last name"), "{Not a field}", Sentence("Address")))

    assert said == "Last name; {Not a field}; Address"
    with using_language(GERMAN):
        assert translated(said) == "Nachname; {Not a field}; Adresse"


def test_a_word_of_several_meanings_is_looked_up_in_its_context() -> None:
    label = pickle.loads(pickle.dumps(Label("Other", "type of document")))  # noqa: S301
    elsewhere = Label("Last name", "a context that no catalogue knows")

    assert (label, gettext(label)) == ("Other", "Other")
    with using_language(GERMAN):
        assert (gettext(label), gettext("Other")) == ("Sonstiges", "Divers")
        assert translated(Sentence("{name}", name=Sentence(label))) == "Sonstiges"
        assert gettext(elsewhere) == "Nachname"


def test_a_language_without_catalogues_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="'fr' is none of en, de"),
        using_language("fr"),
    ):
        pass
