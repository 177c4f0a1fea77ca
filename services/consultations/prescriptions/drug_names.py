"""Which drugs are recognised by name, and which name may be meant where none is.

`drugs.csv` lists International Nonproprietary Names, which the WHO gives to the public
domain, a few brands, and forms and strengths in which common ones are dispensed. It is
put together for Chartroom and is no formulary: a name that is missing is not
recognised, and whoever prescribes it says why.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from services.consultations.prescriptions.drug_classes import CLASSES

_LIST: Final = "drugs.csv"
_WORD: Final = re.compile(r"[a-z][a-z-]+")
# Words of allergies and drugs that name no substance.
_IDLE: Final = frozenset(
    {
        *("allergy", "allergic", "allergies", "intolerance", "reaction", "adverse"),
        *("drug", "substance", "containing", "product", "free", "with", "from"),
        *("sodium", "potassium", "calcium", "hydrochloride", "acid", "hydrate"),
        *("chloride", "bromide", "hydrobromide", "sulfate", "phosphate", "maleate"),
        *("acetate", "citrate", "succinate", "fumarate", "propionate", "monohydrate"),
        *("oral", "tablet", "tablets", "capsule", "capsules", "solution", "cream"),
        *("inhaler", "powder", "suspension", "syrup", "ointment", "suppositories"),
        *("gastro-resistant", "modified-release", "prolonged-release", "chewable"),
        *("inhibitor", "inhibitors", "local", "blocker", "blockers", "units", "dose"),
        *("injection", "drops", "extended", "release", "pack", "spray", "patch"),
    }
)
# The first that stands in the name counts: eye drops before drops, and of what would
# be several ways, such as a solution for injection, none.
_ROUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sublingual": "sublingual",
        "eye ": "eye",
        "ear ": "ear",
        "nasal": "nasal",
        "inhal": "inhaled",
        "nebulis": "inhaled",
        "patch": "transdermal",
        "suppositor": "rectal",
        "pessar": "vaginal",
        "vaginal": "vaginal",
        "cream": "on the skin",
        "ointment": "on the skin",
        " gel ": "on the skin",
        "injection": "",
        "tablet": "oral",
        "capsule": "oral",
        "oral": "oral",
        "syrup": "oral",
    }
)
_SHORTEST: Final = 4
# Shorter words are like too many others.
_SHORTEST_MISSPELT: Final = 6
# One letter left out of ten is 0.95, two letters swapped 0.9; of two drugs with much
# the same name, prednisone and prednisolone are 0.91.
_LIKENESS: Final = 0.85
_MOST_LIKELY: Final = 3


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whether a drug's name is known, and which names it may be meant to be.

    `likely` pairs a misspelt word with a name, the likeliest first.
    """

    is_known: bool
    likely: tuple[tuple[str, str], ...] = ()


def words_of(text: str) -> frozenset[str]:
    """Return the words that may name a substance, in small letters without accents."""
    return frozenset(
        word
        for word in _WORD.findall(plain(text))
        if word not in _IDLE and len(word) >= _SHORTEST
    )


def plain(text: str) -> str:
    """Return the text in small letters without accents."""
    return (
        unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    )


@lru_cache(maxsize=2048)
def recognise(drug: str) -> Recognition:
    """Look a drug up by the words of its name.

    A name with a misspelt substance is not recognised, whatever else is in it: of
    "Amoxicilin with clavulanic acid" only the second half could be looked at.
    """
    words = words_of(drug)
    known = words & names().keys() or _salts_in(drug)
    likely = tuple(
        (word, name) for word in sorted(words) for name in likely_names(word)
    )
    return Recognition(bool(known) and not likely, likely)


def corrections_of(drug: str) -> tuple[str, ...]:
    """Return the drug as it may be meant to be, with one misspelt word put right."""
    corrected = (
        re.sub(re.escape(word), name, drug, count=1, flags=re.IGNORECASE)
        for word, name in recognise(drug).likely
    )
    return tuple(text for text in corrected if text != drug)


@lru_cache(maxsize=2048)
def likely_names(word: str) -> tuple[str, ...]:
    """Return the names that a word, as of `words_of`, may be meant to be."""
    if len(word) < _SHORTEST_MISSPELT or word in names():
        return ()
    near = get_close_matches(word, names(), n=_MOST_LIKELY, cutoff=_LIKENESS)
    return tuple(names()[name] for name in near)


@lru_cache(maxsize=512)
def forms_of(drug: str) -> tuple[str, ...]:
    """Return the forms and strengths of a drug that is named alone, as of the list."""
    return _forms().get(plain(drug.strip()), ())


def route_of(drug: str) -> str:
    """Return the way a drug in this form is taken; "" if the form does not say it."""
    words = f" {plain(drug)} "
    return next((route for form, route in _ROUTES.items() if form in words), "")


@cache
def list_drugs() -> tuple[str, ...]:
    """Return what can be chosen: each drug alone, then the forms it is dispensed in."""
    return tuple(drug for name in _read() for drug in (name, *forms_of(name)))


@cache
def names() -> Mapping[str, str]:
    """Return every word that names a substance, and how it is written."""
    listed = {word: word.title() for name in _read() for word in words_of(name)}
    members = {word: word.title() for words in CLASSES.values() for word in words}
    return MappingProxyType({**members, **listed})


def _salts_in(drug: str) -> frozenset[str]:
    """Return the names, such as sodium chloride, in which no word names a substance."""
    spelt = plain(drug)
    return frozenset(
        plain(name)
        for name in _read()
        if not words_of(name) and spelt.startswith(plain(name))
    )


@cache
def _forms() -> Mapping[str, tuple[str, ...]]:
    return {
        plain(name): tuple(f"{name} {form}" for form in forms.split("; "))
        for name, forms in _read().items()
        if forms
    }


@cache
def _read() -> Mapping[str, str]:
    listed = resources.files("services.consultations.prescriptions") / _LIST
    lines = listed.read_text(encoding="utf-8").splitlines()
    return {row["name"]: row["forms"] for row in csv.DictReader(lines)}
