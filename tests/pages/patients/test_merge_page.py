"""Two records side by side: which one is kept, with which values, and what follows."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from services.patients.records.model import PatientRecord
from tests.pages.conftest import Clinic, markdown_of
from tests.pages.document_samples import press


@pytest.fixture
def pair(clinic: Clinic) -> tuple[PatientRecord, PatientRecord]:
    """One person registered twice, the older record first."""
    older = clinic.register(first_name="Wilma", address="1 Old Road")
    newer = clinic.register(first_name="Wilhelmina", address="2 New Road")
    return older, newer


def compared(clinic: Clinic, *pair: PatientRecord) -> AppTest:
    return clinic.open("merge", patient=pair[0].id, other=pair[1].id)


def swapped(app: AppTest) -> AppTest:
    return app.button(key="merge_swap").click().run()


def merged(app: AppTest) -> AppTest:
    app.button(key="merge_submit").click().run()
    return press(app, "merge_submit", "merge_confirm")


def chosen(app: AppTest) -> dict[str, Any]:
    return {radio.label: radio.options[radio.index] for radio in app.radio}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
def test_the_older_record_is_proposed_to_be_kept(clinic: Clinic, pair, order):
    app = compared(clinic, *(pair[place] for place in order))

    assert "Kept: **Wilma " in markdown_of(app)
    assert chosen(app)["First name"] == "Wilma"


def test_whoever_keeps_the_other_record_keeps_its_values_too(clinic: Clinic, pair):
    older, newer = pair
    app = swapped(compared(clinic, *pair))

    assert "Kept: **Wilhelmina " in markdown_of(app)
    assert chosen(app)["First name"] == "Wilhelmina"
    assert chosen(app)["Address"] == "2 New Road"

    merged(app)

    assert clinic.get(newer.id).draft() == newer.draft()
    assert clinic.get(older.id).merged_into_id == newer.id


def test_what_was_chosen_before_the_records_changed_places_does_not_stay(
    clinic: Clinic, pair
):
    app = compared(clinic, *pair)
    app.radio(key=f"merge_{pair[0].id}_address_side").set_value("right").run()

    there = chosen(swapped(app))["Address"]
    back = chosen(swapped(app))["Address"]

    assert (there, back) == ("2 New Road", "1 Old Road")


def test_whoever_compares_records_that_a_colleague_has_merged_is_led_to_the_kept_one(
    clinic: Clinic, pair
):
    _, newer = pair
    merged(compared(clinic, *pair))

    late = compared(clinic, *pair)

    assert late.query_params["patient"] == str(newer.id)
    assert "patient_kept" in {button.key for button in late.button}


def test_the_dialog_lists_the_values_that_will_count(clinic: Clinic, pair):
    older, newer = pair
    app = compared(clinic, *pair)
    app.radio(key=f"merge_{older.id}_address_side").set_value("right").run()

    app.button(key="merge_submit").click().run()

    values = dict(app.table[0].value.iloc[:, 0])
    assert values["First name"] == "Wilma"
    assert values["Address"] == "2 New Road"
    assert f"**Wilma {older.last_name}**, born 17 May 1980" in markdown_of(app)
    assert f"**Wilhelmina {newer.last_name}**, born 17 May 1980" in markdown_of(app)
    assert "moves over: nothing so far. This cannot be undone." in markdown_of(app)


def test_the_dialog_lists_what_moves_over(clinic: Clinic, pair, file):
    file(of=pair[0].id)
    for _ in range(2):
        file(of=pair[1].id)
    app = compared(clinic, *pair)

    app.button(key="merge_submit").click().run()

    assert "moves over: 2 documents." in markdown_of(app)
