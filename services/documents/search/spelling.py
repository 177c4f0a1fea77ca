"""Misspelt words, and the words from documents that replace them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from db.postgres import assume_role
from services.documents.search.parsing import ParsedSearch, SearchTerm
from services.documents.search.queries import BY_BITMAP
from services.lists.statements import LIMIT_SECONDS, ListTimeout, run, run_within

_MOST_TAKEN: Final = 3
# A word less similar than the best by more than this is not what was meant.
_SLACK: Final = 0.12
_SHORTEST: Final = 4
# One visible document is enough: a common word is in nearly all of them. The planner
# expects a search for one row to end soon, and would read the whole table for a word
# that no document has, so it is left only the index of words.
_STANDING: Final = """
SELECT asked.number FROM unnest(%(queries)s::tsquery[])
    WITH ORDINALITY AS asked (query, number)
CROSS JOIN LATERAL (
    SELECT FROM document_search WHERE words @@ asked.query LIMIT 1
) AS standing
"""
_ALIKE: Final = """
SELECT asked.word, alike.word, alike.likeness
FROM unnest(%(words)s) AS asked (word) CROSS JOIN LATERAL (
    SELECT word, similarity(word, asked.word) AS likeness FROM document_words
    WHERE word %% asked.word ORDER BY likeness DESC, word LIMIT 20
) AS alike
"""


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word that is in no document, and the words searched for instead."""

    typed: str
    taken: tuple[str, ...]


def correct(session: Session, search: ParsedSearch) -> ParsedSearch:
    """Return the search with replacements for words that no visible document has.

    The replacements too are words of documents that the actor may see.
    """
    words = [term for term in search.wanted if term.is_word]
    missing = _missing(session, words)
    if not missing:
        return search
    alike = _alike(session, missing)
    candidates = sorted({word for ranked in alike.values() for word in ranked})
    seen = _matching(session, [f"'{word}'" for word in candidates])
    visible = {word for n, word in enumerate(candidates) if n in seen}
    return search.replacing(
        {
            word: taken
            for word, ranked in alike.items()
            if (taken := _most_similar(ranked, visible))
        }
    )


def spellings(search: ParsedSearch) -> tuple[Spelling, ...]:
    """Return the corrections in a search, to be shown."""
    return tuple(
        Spelling(term.typed, term.replacements)
        for term in search.terms
        if term.replacements
    )


def _missing(session: Session, terms: list[SearchTerm]) -> list[str]:
    standing = _matching(session, [term.query for term in terms])
    return [
        term.words[0]
        for number, term in enumerate(terms)
        if number not in standing and len(term.words[0]) >= _SHORTEST
    ]


def _matching(session: Session, queries: list[str]) -> set[int]:
    """Return which of the queries match a document that the actor may see.

    Raises ListTimeout.
    """
    if not queries:
        return set()
    milliseconds, given = LIMIT_SECONDS * 1000, {"queries": queries}
    # The list itself is read after this, with settings of its own.
    rows = run_within(session, milliseconds, _STANDING, given, settings=BY_BITMAP)
    if rows is None:
        raise ListTimeout
    return {number - 1 for (number,) in rows}


def _alike(session: Session, words: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return the clinic's words that resemble these, whoever may see them."""
    with assume_role(session, "system"):
        rows = run(session, _ALIKE, {"words": list(words)})
    alike: dict[str, dict[str, float]] = {}
    for misspelt, word, likeness in rows:
        alike.setdefault(misspelt, {})[word] = likeness
    return alike


def _most_similar(ranked: Mapping[str, float], visible: set[str]) -> tuple[str, ...]:
    words = [word for word in ranked if word in visible]
    if not words:
        return ()
    least = ranked[words[0]] - _SLACK
    return tuple(word for word in words if ranked[word] >= least)[:_MOST_TAKEN]
