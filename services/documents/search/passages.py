"""The passages of documents that match a search, as plain pieces of text."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.documents.search.parsing import ParsedSearch, SearchTerm
from services.documents.search.records import ListedDocument, Passage, Place, Segment
from services.lists.statements import run

_MOST_PASSAGES: Final = 3
_BEFORE, _BEHIND = 60, 100
# Few documents have more pages; the rest of those is read only if needed.
_FIRST_PAGES: Final = 25
_MOST_PAGES: Final = 500
_TEXTS: Final = (
    "SELECT version_id, pages[%(first)s:%(last)s] FROM document_texts "
    "WHERE version_id = ANY (%(ids)s::uuid[])"
)
# Where a PDF hyphenated a word at the end of a line.
_BROKEN: Final = re.compile("[\x02\u00ad\ufffe]\\s*")
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007"
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


def with_passages(
    session: Session, documents: Sequence[ListedDocument], search: ParsedSearch
) -> tuple[ListedDocument, ...]:
    """Return the documents with the passages that match the search."""
    pattern = _pattern(search)
    heads = {document.id: _of_head(document, pattern) for document in documents}
    readable = {
        document.version.id
        for document in documents
        if not document.version.is_quarantined
    }
    texts = _of_texts(session, readable, pattern, 1, _FIRST_PAGES)
    bare = {
        document.version.id
        for document in documents
        if document.version.id in readable
        and not (texts.get(document.version.id) or heads[document.id])
        and (document.version.pages or 0) > _FIRST_PAGES
    }
    texts |= _of_texts(session, bare, pattern, _FIRST_PAGES + 1, _MOST_PAGES)
    return tuple(
        replace(
            document,
            passages=(*heads[document.id], *texts.get(document.version.id, ())),
        )
        for document in documents
    )


def _of_texts(
    session: Session,
    version_ids: Iterable[UUID],
    pattern: re.Pattern[str],
    first: int,
    last: int,
) -> dict[UUID, tuple[Passage, ...]]:
    ids = [str(version_id) for version_id in version_ids]
    if not ids:
        return {}
    given = {"ids": ids, "first": first, "last": last}
    rows = run(session, _TEXTS, given, is_planned_once=True)
    return {
        version_id: tuple(_of_pages(pages, first, pattern))
        for version_id, pages in rows
    }


def _of_head(document: ListedDocument, pattern: re.Pattern[str]) -> tuple[Passage, ...]:
    named: tuple[tuple[Place, str], ...] = (
        ("title", document.title),
        ("patient", document.patient_name or ""),
        ("description", document.description),
    )
    return tuple(
        Passage(place, segments)
        for place, text in named
        for segments in _windows(_tidied(text), pattern, 1)
    )


def _of_pages(
    pages: Sequence[str], first: int, pattern: re.Pattern[str]
) -> Iterator[Passage]:
    left = _MOST_PASSAGES
    for number, page in enumerate(pages, first):
        for segments in _windows(_tidied(page), pattern, left):
            yield Passage("text", segments, number)
            left -= 1
        if not left:
            return


def _windows(
    text: str, pattern: re.Pattern[str], most: int
) -> Iterator[tuple[Segment, ...]]:
    """Yield the first pieces of the text with a hit, each with all hits in it."""
    flat = _flat(text)
    place = 0
    for _ in range(most):
        hit = pattern.search(flat, place)
        if hit is None:
            return
        start = _start(text, max(place, hit.start() - _BEFORE))
        end = _end(text, hit.end() + _BEHIND)
        yield tuple(_segments(text, flat, start, end, pattern))
        place = end


def _segments(
    text: str, flat: str, start: int, end: int, pattern: re.Pattern[str]
) -> Iterator[Segment]:
    place = start
    for hit in pattern.finditer(flat, start, end):
        if hit.start() > place:
            yield Segment(text[place : hit.start()], is_hit=False)
        yield Segment(text[hit.start() : hit.end()], is_hit=True)
        place = hit.end()
    if place < end:
        yield Segment(text[place:end], is_hit=False)


def _start(text: str, place: int) -> int:
    """Move on to the beginning of a word, unless there is none nearby."""
    if place == 0 or text[place - 1] == " ":
        return place
    space = text.find(" ", place, place + _BEFORE // 2)
    return place if space < 0 else space + 1


def _end(text: str, place: int) -> int:
    if place >= len(text):
        return len(text)
    space = text.rfind(" ", place - _BEHIND // 2, place)
    return place if space < 0 else space


def _tidied(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", _BROKEN.sub("", text))
    return " ".join(text.split())


class _Plain(dict[int, int]):
    """Letters without accents, one for one, so that positions do not change."""

    def __missing__(self, code: int) -> int:
        # In Japanese, the marks make another letter.
        is_spaced = not _UNSPACED.match(chr(code))
        parts = unicodedata.normalize("NFKD" if is_spaced else "NFKC", chr(code))
        letters = [
            letter for letter in parts.lower() if not unicodedata.combining(letter)
        ]
        plain = ord(letters[0]) if len(letters) == 1 else code
        self[code] = plain
        return plain


_PLAIN: Final = _Plain()


def _flat(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_PLAIN)


@lru_cache(maxsize=256)
def _pattern(search: ParsedSearch) -> re.Pattern[str]:
    """Return a pattern that finds any of the terms in flat text."""
    spelled = (way for term in search.wanted for way in _ways(term))
    # The longest first, so that it wins over others that begin at the same place.
    return re.compile("|".join(sorted(spelled, key=len, reverse=True)))


def _ways(term: SearchTerm) -> Iterator[str]:
    if term.replacements:
        yield from (_words((word,), is_beginning=False) for word in term.replacements)
    else:
        yield _words(term.words, is_beginning=term.is_beginning)


def _words(words: Sequence[str], *, is_beginning: bool) -> str:
    first, *rest = words
    pattern = _edge(first, "(?<![^\\W_])") + first
    for before, word in zip(words, rest, strict=False):
        is_spaced = not (_UNSPACED.match(before) or _UNSPACED.match(word))
        pattern += ("[\\W_]+" if is_spaced else "[\\W_]*") + word
    ending = "[^\\W_]*" if is_beginning else "(?![^\\W_])"
    return pattern + _edge(words[-1], ending)


def _edge(word: str, boundary: str) -> str:
    return "" if _UNSPACED.match(word) else boundary
