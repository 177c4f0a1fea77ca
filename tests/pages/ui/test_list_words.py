"""The texts of a list of documents, in German."""

from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.lists.list_words import documents_in_words
from services.documents.search.fields import FIELDS
from services.lists.criteria import (
    Combine,
    Count,
    Criteria,
    Filter,
    Group,
    Operator,
)

UNFILED = Filter("unfiled", Operator.EQUAL, "true")
HELD = Filter("held", Operator.EQUAL, "true")
CONFIDENTIAL = Filter("confidential", Operator.EQUAL, "true")


def said(shown: Criteria, count: int = 2) -> str:
    with using_language(GERMAN):
        return documents_in_words(shown, FIELDS, Count(count))


def test_what_belongs_together_stands_in_brackets():
    either = Group(Combine.OR, (HELD, CONFIDENTIAL))

    words = said(Criteria(where=Group(Combine.AND, (UNFILED, either))))

    before, _, inside = words.partition(" und (")
    assert before.startswith("2 Dokumente: ")
    assert " oder " in inside
    assert inside.endswith(")")


def test_brackets_that_change_nothing_are_left_out():
    alone = Group(Combine.OR, (HELD,))

    words = said(Criteria(where=Group(Combine.AND, (UNFILED, alone, Group()))))

    assert "(" not in words
    assert words.count(" und ") == 1


def test_that_they_are_deleted_is_said():
    assert said(Criteria(archived=True), 1) == "1 gelöschtes Dokument"
    assert said(Criteria(archived=True), 7) == "7 gelöschte Dokumente"
