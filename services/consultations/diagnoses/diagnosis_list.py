"""Which code a diagnosis in words may have: of ICD-10 (WHO), or a clinic's own.

`diagnoses.csv` lists three-character categories with their usual term and synonyms. It
was written for Chartroom from general knowledge and is no classification for billing:
any other code may be typed, and words without a code stay words.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Final

SYSTEM: Final = "http://hl7.org/fhir/sid/icd-10"
_LIST: Final = "diagnoses.csv"
_CATEGORY: Final = 3
_MOST: Final = 3
# "cogh" and "cough" have a similarity of 0.89; below this, words are only vaguely
# alike.
_LIKENESS: Final = 0.8
# Shorter words are similar to too many others.
_SHORTEST: Final = 4
_KEPT_WORDS: Final = 1024
# A word that is also a code, such as COPD, is one only before its own term.
_UNMISTAKABLE: Final = re.compile(r"(?=.*[0-9]).{3,}")


@dataclass(frozen=True, slots=True)
class Category:
    """A code with its usual term and synonyms.

    A retired one is no longer offered, but still known.
    """

    code: str
    title: str
    synonyms: tuple[str, ...] = ()
    system: str = SYSTEM
    is_retired: bool = False

    @property
    def label(self) -> str:
        """Return the term followed by its code: Cough (R05)."""
        return f"{self.title} ({self.code})"

    @property
    def line(self) -> str:
        """Return the code and term as in a line of notes: R05 Cough."""
        return f"{self.code} {self.title}"


class DiagnosisList:
    """Codes and their terms: which are offered, and which are known.

    More are known than offered: a code that was used once keeps its term.
    """

    def __init__(
        self,
        own: Iterable[Category] = (),
        *,
        has_own: bool = True,
        has_built_in: bool = True,
    ) -> None:
        self._own = tuple(own)
        self._has_own = has_own
        self._has_built_in = has_built_in
        self._suggested = lru_cache(_KEPT_WORDS)(self._suggest)

    @cached_property
    def offered(self) -> Mapping[str, Category]:
        """What can be chosen, by code and in the order of the codes.

        A code of both the clinic and ICD-10 has the clinic's term.
        """
        own = self._own if self._has_own else ()
        listed = {
            category.code: category for category in own if not category.is_retired
        }
        beside = built_in() if self._has_built_in else {}
        return dict(sorted({**beside, **listed}.items()))

    def title_of(self, code: str, system: str = "") -> str:
        """Return the term of a code, or of the category it is in; "" if unknown.

        M54.5 is in M54. Without a system the code is one of ICD-10.
        """
        system, code = system or SYSTEM, code.upper()
        known = self._known.get((system, code))
        if known is None and system.startswith(SYSTEM):
            category = code[:_CATEGORY]
            known = self._known.get((system, category)) or built_in().get(category)
        return known.title if known else ""

    def find_typed(self, code: str, words: str) -> Category | None:
        """Return the clinic's own diagnosis that a line begins with, else None.

        If two systems have the code, the term after it decides.
        """
        rest = words.casefold()
        categories = self._by_code.get(code.upper(), ())
        own = next(
            (known for known in categories if known.title.casefold() == rest), None
        )
        if own is not None or not categories or not _UNMISTAKABLE.fullmatch(code):
            return own
        icd10 = built_in().get(code.upper())
        if icd10 and (icd10.title.casefold() == rest or not self._has_own):
            return None
        return categories[0]

    def suggest(self, words: str) -> tuple[Category, ...]:
        """Return the codes that words without one may have, the likeliest first.

        These are exact terms of the list, then similar ones, then terms that begin with
        the words.
        """
        return self._suggested(words)

    def _suggest(self, words: str) -> tuple[Category, ...]:
        typed = " ".join(words.casefold().split())
        if len(typed) < _SHORTEST:
            return self._of(term for term in (typed,) if term in self._terms)
        near = get_close_matches(typed, self._terms, n=_MOST, cutoff=_LIKENESS)
        begun = sorted(
            (term for term in self._terms if term.startswith(typed)),
            key=len,
        )
        exact = [typed] if typed in self._terms else []
        return self._of((*exact, *near, *begun))

    def _of(self, terms: Iterable[str]) -> tuple[Category, ...]:
        codes = dict.fromkeys(code for term in terms for code in self._terms[term])
        return tuple(self.offered[code] for code in list(codes)[:_MOST])

    @cached_property
    def _terms(self) -> Mapping[str, tuple[str, ...]]:
        """Every term and synonym in lower case, with its codes."""
        codes: dict[str, list[str]] = {}
        for category in self.offered.values():
            for term in (category.title, *category.synonyms):
                codes.setdefault(term.casefold(), []).append(category.code)
        return {term: tuple(of) for term, of in codes.items()}

    @cached_property
    def _known(self) -> Mapping[tuple[str, str], Category]:
        """Every code of every system, including those no longer offered."""
        listed = (*built_in().values(), *self._own)
        return {
            (category.system, category.code.upper()): category for category in listed
        }

    @cached_property
    def _by_code(self) -> Mapping[str, tuple[Category, ...]]:
        """The clinic's own diagnoses by code alone, those that are offered first."""
        by_code: dict[str, list[Category]] = {}
        for category in sorted(self._own, key=lambda known: known.is_retired):
            by_code.setdefault(category.code.upper(), []).append(category)
        return {code: tuple(of) for code, of in by_code.items()}


@cache
def built_in() -> Mapping[str, Category]:
    """Return the built-in categories by code, in the order of the codes."""
    listed = resources.files("services.consultations.diagnoses") / _LIST
    lines = listed.read_text(encoding="utf-8").splitlines()
    return {
        row["code"]: Category(
            row["code"],
            row["title"],
            tuple(filter(None, row["synonyms"].split("; "))),
        )
        for row in csv.DictReader(lines)
    }


BUILT_IN: Final = DiagnosisList(has_own=False)
