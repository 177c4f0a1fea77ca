"""Searching documents: what is found by the typed text, in which order, and where."""

import pytest

from services.core.errors import InvalidInput
from services.documents import search as document_lists
from services.documents.search import Spelling
from services.lists.criteria import Criteria, Direction, Filter, Group, Operator, Order
from tests.services.documents.records.samples import mark
from tests.services.documents.search.samples import filed, register, search, titles


@pytest.fixture
def documents(session, clerk):
    """A few documents with known words; the last one is the newest."""
    rene = register(session, clerk, "René", "Müller")
    filed(
        session,
        clerk,
        "Blood count",
        "The patient has Diabetes mellitus type 2.",
        "Follow-up on 120/80 in three months, e-mail to x@example.org",
        days_old=9,
    )
    filed(session, clerk, "Discharge", "No asthma. Given 500mg ibuprofen.", days_old=8)
    filed(
        session,
        clerk,
        "Referral of diabetes",
        "Please see him.",
        of=rene,
        days_old=7,
        description="Crème brûlée intolerance",
    )
    filed(session, clerk, "病院の記録", "東京都の病院で診察を受けた。", days_old=6)
    filed(session, clerk, "Έκθεση", "Ο ασθενής έχει πυρετό", days_old=5)
    filed(session, clerk, "रिपोर्ट", "रोगी को बुखार है", days_old=4)


MATCHES = {
    "a word": ("mellitus", ["Blood count"]),
    "in any case": ("MELLITUS", ["Blood count"]),
    "two words, both needed": ("diabetes three", ["Blood count"]),
    "two words that no document has both of": ("mellitus asthma", []),
    "a phrase": ('"diabetes mellitus"', ["Blood count"]),
    "not a phrase": ('"mellitus diabetes"', []),
    "with other quotes": ("“diabetes mellitus”", ["Blood count"]),
    "without a word": ("diabetes -mellitus", ["Referral of diabetes"]),
    "without a phrase": ('diabetes -"type 2"', ["Referral of diabetes"]),
    "the last word is only begun": ("patient diabe", ["Blood count"]),
    "another is not": ("mel patient", []),
    "unless it says so": ("mel* patient", ["Blood count"]),
    "the title is better than the text": (
        "diabetes",
        ["Referral of diabetes", "Blood count"],
    ),
    "the description": ("intolerance", ["Referral of diabetes"]),
    "accents left out": ("creme brulee", ["Referral of diabetes"]),
    "accents put in": ("Diabétès méllitus", ["Blood count"]),
    "the patient": ("rene muller", ["Referral of diabetes"]),
    "a part of a compound": ("80 follow", ["Blood count"]),
    "a compound is a phrase": ("120/80", ["Blood count"]),
    "the other way round it is none": ("80/120", []),
    "a dose": ("500mg", ["Discharge"]),
    "an address": ("x@example.org", ["Blood count"]),
    "Chinese characters": ("東京", ["病院の記録"]),
    "not those apart from each other": ("東院", []),
    "Japanese in the title": ("記録", ["病院の記録"]),
    "Greek, without its accents": ("πυρετο", ["Έκθεση"]),
    "Hindi": ("बुखार", ["रिपोर्ट"]),
    "signs only": ("?!", []),
    "a missing quote": ('"diabetes mell', []),
}


@pytest.mark.parametrize(("typed", "expected"), MATCHES.values(), ids=MATCHES)
def test_a_search_finds(session, clerk, documents, typed, expected):
    assert search(session, clerk, typed) == expected


TYPOS = {
    "letters swapped": ("diabtees mellitus", ["Blood count"]),
    "a letter missing": ("astma", ["Discharge"]),
    "a letter too many": ("ibupprofen", ["Discharge"]),
    "in a name": ("Mueller rene", ["Referral of diabetes"]),
    "still being typed": ("ibuprofn", ["Discharge"]),
}


@pytest.mark.parametrize(("typed", "expected"), TYPOS.values(), ids=TYPOS)
def test_typos_are_forgiven(session, clerk, documents, typed, expected):
    assert search(session, clerk, typed) == expected


def test_what_was_taken_for_a_misspelt_word_is_told(session, clerk, documents):
    criteria = Criteria(search="ibuprofn -paracetamol")
    page = document_lists.list_documents(session, clerk, criteria)

    assert page.spelled == (Spelling("ibuprofn", ("ibuprofen",)),)
    assert document_lists.count_documents(session, clerk, criteria).value == 1


def test_a_phrase_is_taken_at_its_word(session, clerk, documents):
    assert search(session, clerk, '"ibuprofn"') == []


def test_who_types_a_known_word_gets_no_other(session, clerk, documents):
    criteria = Criteria(search="asthma")
    assert document_lists.list_documents(session, clerk, criteria).spelled == ()


@pytest.mark.parametrize("typed", ["-asthma", '-"a b" -c'])
def test_leaving_out_needs_something_to_leave_it_out_of(session, clerk, typed):
    with pytest.raises(InvalidInput, match="at least one word"):
        search(session, clerk, typed)


def test_a_search_has_an_end(session, clerk):
    with pytest.raises(InvalidInput, match="at most 20 words"):
        search(session, clerk, "a " * 21)


def test_a_documents_id_finds_it(session, clerk, documents):
    document = filed(session, clerk, "Read from its code")

    assert search(session, clerk, f" {document.id} ") == ["Read from its code"]


def test_the_title_counts_more_than_patient_and_description_then_the_text(
    session, clerk
):
    sepsis = register(session, clerk, "Sepsis", "Smith")
    filed(session, clerk, "In the text", "sepsis " * 50, days_old=1)
    filed(session, clerk, "Newer, in the text", "sepsis")
    filed(session, clerk, "Of somebody called so", of=sepsis, days_old=2)
    filed(session, clerk, "Described", description="sepsis sepsis", days_old=4)
    filed(session, clerk, "Sepsis", days_old=5)
    filed(session, clerk, "A newer sepsis", days_old=3)

    assert search(session, clerk, "sepsis") == [
        "A newer sepsis",
        "Sepsis",
        "Described",
        "Of somebody called so",
        "Newer, in the text",
        "In the text",
    ]


def test_filters_and_orders_hold_for_what_is_searched(session, clerk, documents):
    mine = Filter("unfiled", Operator.EQUAL, "true")
    criteria = Criteria(search="diabetes", where=Group(members=(mine,)))
    assert titles(session, clerk, criteria) == ["Blood count"]
    assert document_lists.count_documents(session, clerk, criteria).value == 1

    criteria = Criteria(search="diabetes", orders=(Order("created_at", Direction.ASC),))
    assert titles(session, clerk, criteria) == ["Blood count", "Referral of diabetes"]


def test_passages_show_where_it_stands_as_plain_pieces(session, clerk):
    filed(
        session,
        clerk,
        "Letter",
        "First <b>page</b>",
        "Before it. " * 30 + "His <i>Crème</i> brûlée & more. " + "After it. " * 30,
        description="No creme here",
    )

    (row,) = _rows(session, clerk, "creme brul")

    described, quoted = row.passages
    assert (described.place, described.text) == ("description", "No creme here")
    assert (quoted.place, quoted.page) == ("text", 2)
    assert [piece.text for piece in quoted.segments if piece.is_hit] == [
        "Crème",
        "brûlée",
    ]
    assert "<i>Crème</i> brûlée & more." in quoted.text
    assert len(quoted.text) < 250


def test_a_hit_in_the_title_is_a_passage_of_the_title(session, clerk, documents):
    (row,) = _rows(session, clerk, "reférral")

    (passage,) = row.passages
    assert passage.place == "title"
    assert [(piece.text, piece.is_hit) for piece in passage.segments] == [
        ("Referral", True),
        (" of diabetes", False),
    ]


@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_of_what_is_in_quarantine_no_passage_of_the_text_is_shown(session, clerk, scan):
    mark(session, filed(session, clerk, "Measles", "about measles"), scan=scan)

    (row,) = _rows(session, clerk, "measles")

    assert [passage.place for passage in row.passages] == ["title"]


def test_words_far_into_a_long_document_are_shown_too(session, clerk):
    pages = [f"page {number}" for number in range(1, 60)]
    filed(session, clerk, "Long", *pages, "the needle")

    (row,) = _rows(session, clerk, "needle")

    assert [passage.page for passage in row.passages] == [60]


def test_characters_without_spaces_are_shown(session, clerk, documents):
    (row,) = _rows(session, clerk, "病院で")

    (passage,) = row.passages
    assert [piece.text for piece in passage.segments if piece.is_hit] == ["病院で"]


def _rows(session, actor, typed):
    return document_lists.list_documents(session, actor, Criteria(search=typed)).rows
