"""Typed searches for documents: words, "phrases", -words to leave out, begin*."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final
from uuid import UUID
from zlib import crc32

from sqlalchemy.orm import Session

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists.statements import run

_MAX_WORDS: Final = 20
# A shorter beginning matches too many words for the index to be quick.
_SHORTEST_BEGINNING: Final = 3
_QUOTES: Final = str.maketrans("“”„‟«»＂〝〞", '"' * 9)
_PART: Final = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_ASCII_WORD: Final = re.compile("[a-z0-9]+")
_SPLIT: Final = "SELECT text, search_words(text) FROM unnest(%(texts)s) AS text"


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One thing to find, as typed, and as words in the form that the index has.

    Several words have to be adjacent. `replacements` are the words to find in place of
    a typed one that is in no document.
    """

    typed: str
    words: tuple[str, ...] = ()
    is_denied: bool = False
    is_phrase: bool = False
    is_beginning: bool = False
    is_last: bool = False
    replacements: tuple[str, ...] = ()

    @property
    def is_word(self) -> bool:
        """Whether the term is one word to find, which may have been misspelt."""
        return len(self.words) == 1 and not (self.is_denied or self.is_phrase)

    @property
    def query(self) -> str:
        """The term as a tsquery; words have only letters and digits."""
        if self.replacements:
            return f"({' | '.join(map(_quoted, self.replacements))})"
        words = list(map(_quoted, self.words))
        if self.is_beginning:
            words[-1] += ":*"
        query = f"({' <-> '.join(words)})"
        return f"!{query}" if self.is_denied else query


@dataclass(frozen=True, slots=True)
class ParsedSearch:
    """A parsed search."""

    terms: tuple[SearchTerm, ...] = ()
    document_id: UUID | None = None

    @property
    def wanted(self) -> tuple[SearchTerm, ...]:
        """The terms to find, without those to leave out."""
        return tuple(term for term in self.terms if not term.is_denied)

    @property
    def query(self) -> str:
        """The whole search as a tsquery."""
        return " & ".join(term.query for term in self.terms)

    @property
    def ranking(self) -> str:
        """Any of the wanted words: the more of them a title has, the better."""
        words = [
            _quoted(word) + (":*" if term.is_beginning else "")
            for term in self.wanted
            for word in (term.replacements or term.words)
        ]
        return " | ".join(words)

    @property
    def pairs(self) -> list[int]:
        """The numbers of pairs of adjacent words in what is wanted.

        They are numbered as by search_pairs(). A word that is only begun has none.
        """
        return [
            crc32(" ".join(pair).encode()) & 0xFFFF
            for term in self.wanted
            for pair in pairwise(term.words[: -1 if term.is_beginning else None])
        ]

    @property
    def parameters(self) -> dict[str, object]:
        """The values, by the names of their parameters in statements."""
        return {
            "searched": self.query,
            "ranking": self.ranking,
            "pairs": self.pairs,
            "document": self.document_id,
        }

    def replacing(self, instead: Mapping[str, tuple[str, ...]]) -> "ParsedSearch":
        """Return the search with other words for those that were misspelt."""
        return replace(
            self,
            terms=tuple(
                replace(term, replacements=instead[term.words[0]])
                if term.is_word and term.words[0] in instead
                else term
                for term in self.terms
            ),
        )


@lru_cache(maxsize=256)
def parse(text: str) -> ParsedSearch:
    """Parse a search; its terms have no words yet.

    The last word may be one that is still being typed. Raises InvalidInput.
    """
    try:
        return ParsedSearch(document_id=UUID(text.strip()))
    except ValueError:
        pass
    parts = list(_PART.finditer(text.translate(_QUOTES)))
    if len(parts) > _MAX_WORDS:
        raise InvalidInput(
            "search",
            Sentence("Search for at most {most} words.", most=_MAX_WORDS),
        )
    terms = []
    for number, part in enumerate(parts, 1):
        word = part["word"] or ""
        terms.append(
            SearchTerm(
                part["phrase"] if part["phrase"] is not None else word.rstrip("*"),
                is_denied=bool(part["minus"]),
                is_phrase=part["phrase"] is not None,
                is_beginning=word.endswith("*"),
                is_last=number == len(parts) and bool(word) and not part["minus"],
            )
        )
    return ParsedSearch(tuple(terms))


def split(session: Session, typed: ParsedSearch) -> ParsedSearch:
    """Fill in the words of the terms; terms without a letter or digit are left out.

    Raises InvalidInput for a search that only has words to leave out.
    """
    known = _split(session, {term.typed for term in typed.terms})
    terms = tuple(
        _with_words(term, known[term.typed])
        for term in typed.terms
        if known[term.typed]
    )
    search = replace(typed, terms=terms)
    if terms and not search.wanted:
        raise InvalidInput(
            "search", "Search for at least one word besides those to leave out."
        )
    return search


def _with_words(term: SearchTerm, words: tuple[str, ...]) -> SearchTerm:
    is_long = len(words[-1]) >= _SHORTEST_BEGINNING
    is_beginning = is_long and (term.is_beginning or term.is_last)
    return replace(term, words=words, is_beginning=is_beginning)


def _split(session: Session, texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return each text's words; only non-ASCII texts need the database."""
    known = {text: tuple(_ASCII_WORD.findall(text.lower())) for text in texts}
    if others := [text for text in known if not text.isascii()]:
        for text, words in run(session, _SPLIT, {"texts": others}):
            known[text] = tuple(words.split())
    return known


def _quoted(word: str) -> str:
    return f"'{word}'"
