"""Which code of ICD-10 (WHO) a diagnosis in words may have.

`diagnoses.csv` lists three-character categories with their usual term and other words
for them. It is written for Chartroom from knowledge and is no classification to bill
by: any other code may be typed, and words without a code stay words.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import resources
from typing import Final

SYSTEM: Final = "http://hl7.org/fhir/sid/icd-10"
_LIST: Final = "diagnoses.csv"
_CATEGORY: Final = 3
_MOST: Final = 3
# "cogh" is like "cough" by 0.89; below this words are only somewhat alike.
_LIKENESS: Final = 0.8
# Shorter words are like too many others.
_SHORTEST: Final = 4


@dataclass(frozen=True, slots=True)
class Category:
    """A category of ICD-10 with its usual term, and what else it is called."""

    code: str
    title: str
    synonyms: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return the term with its code behind it: Cough (R05)."""
        return f"{self.title} ({self.code})"

    @property
    def line(self) -> str:
        """Return it as a line of notes: R05 Cough."""
        return f"{self.code} {self.title}"


@cache
def categories() -> Mapping[str, Category]:
    """Return the categories of the list by their codes, in the order of these."""
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


def title_of(code: str) -> str:
    """Return the term of a code, or of the category it is in; "" if it is not listed.

    M54.5 is in M54.
    """
    known = categories().get(code.upper()) or categories().get(code[:_CATEGORY].upper())
    return known.title if known else ""


@lru_cache(maxsize=1024)
def suggest(words: str) -> tuple[Category, ...]:
    """Return the categories that words without a code may be of, the likeliest first.

    What is a term of the list, what begins one, and what is one but for its spelling.
    """
    typed = " ".join(words.casefold().split())
    if len(typed) < _SHORTEST:
        return _of(term for term in (typed,) if term in _terms())
    near = get_close_matches(typed, _terms(), n=_MOST, cutoff=_LIKENESS)
    begun = sorted(
        (term for term in _terms() if term.startswith(typed)),
        key=len,
    )
    exact = [typed] if typed in _terms() else []
    return _of((*exact, *near, *begun))


def _of(terms: Iterable[str]) -> tuple[Category, ...]:
    found = dict.fromkeys(code for term in terms for code in _terms()[term])
    return tuple(categories()[code] for code in list(found)[:_MOST])


@cache
def _terms() -> Mapping[str, tuple[str, ...]]:
    """Return every term and other word in small letters, with the codes it is of."""
    codes: dict[str, list[str]] = {}
    for category in categories().values():
        for term in (category.title, *category.synonyms):
            codes.setdefault(term.casefold(), []).append(category.code)
    return {term: tuple(of) for term, of in codes.items()}
