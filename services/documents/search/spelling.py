"""Words that were misspelt, and what stands in documents instead of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from db.postgres import assume_role
from services.documents.search.queries import BY_BITMAP
from services.documents.search.typed import ParsedSearch, SearchTerm
from services.lists.statements import LIMIT_SECONDS, TakesTooLong, run, within

_MOST_TAKEN: Final = 3
# Less alike than the best by this much is not what was meant.
_SLACK: Final = 0.12
_SHORTEST: Final = 4
# One document that may be seen will do: a common word stands in nearly all of them. The
# planner takes a search for one to be over soon, and would read the whole table for a
# word that stands nowhere, so that only the index of words is left to it.
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
    """What was typed and stands in no document, and the words taken for it."""

    typed: str
    taken: tuple[str, ...]


def correct(session: Session, search: ParsedSearch) -> ParsedSearch:
    """Return the search with other words for those that none of the documents has.

    They are words of documents that whoever asks may see; so are those they replace.
    """
    words = [term for term in search.wanted if term.is_word]
    missing = _missing(session, words)
    if not missing:
        return search
    alike = _alike(session, missing)
    candidates = sorted({word for ranked in alike.values() for word in ranked})
    seen = _standing(session, [f"'{word}'" for word in candidates])
    visible = {word for n, word in enumerate(candidates) if n in seen}
    return search.replacing(
        {
            word: taken
            for word, ranked in alike.items()
            if (taken := _likest(ranked, visible))
        }
    )


def spellings(search: ParsedSearch) -> tuple[Spelling, ...]:
    """Return what was taken for what, to be told."""
    return tuple(
        Spelling(term.typed, term.instead) for term in search.terms if term.instead
    )


def _missing(session: Session, terms: list[SearchTerm]) -> list[str]:
    standing = _standing(session, [term.query for term in terms])
    return [
        term.words[0]
        for number, term in enumerate(terms)
        if number not in standing and len(term.words[0]) >= _SHORTEST
    ]


def _standing(session: Session, queries: list[str]) -> set[int]:
    """Return which of the queries are met by a document that may be seen.

    Raises TakesTooLong.
    """
    if not queries:
        return set()
    milliseconds, given = LIMIT_SECONDS * 1000, {"queries": queries}
    # The list that is looked for next has settings of its own.
    rows = within(session, milliseconds, _STANDING, given, settings=BY_BITMAP)
    if rows is None:
        raise TakesTooLong
    return {number - 1 for (number,) in rows}


def _alike(session: Session, words: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return the clinic's words that resemble these, whoever may see them."""
    with assume_role(session, "system"):
        rows = run(session, _ALIKE, {"words": list(words)})
    alike: dict[str, dict[str, float]] = {}
    for misspelt, word, likeness in rows:
        alike.setdefault(misspelt, {})[word] = likeness
    return alike


def _likest(ranked: Mapping[str, float], visible: set[str]) -> tuple[str, ...]:
    words = [word for word in ranked if word in visible]
    if not words:
        return ()
    least = ranked[words[0]] - _SLACK
    return tuple(word for word in words if ranked[word] >= least)[:_MOST_TAKEN]
