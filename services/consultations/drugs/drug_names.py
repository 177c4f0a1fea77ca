"""Names of drugs as words, and the list of them that comes with Chartroom.

`drugs.csv` lists International Nonproprietary Names, which the WHO gives to the public
domain, a few brands, and forms and strengths in which common ones are dispensed. It was
compiled for Chartroom and is no formulary: a name that is missing is not recognised,
and whoever prescribes it has to give a reason.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

_LIST: Final = "drugs.csv"
_WORD: Final = re.compile(r"[a-z][a-z-]+")
_TOKEN: Final = re.compile(r"[^\W_][\w-]*")
# Words in allergies and drugs that name no substance.
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
        *("dihydrate", "trihydrate", "hemihydrate", "anhydrous", "mesilate"),
        *("besilate", "tartrate", "hydrogen", "disodium", "dihydrochloride"),
        *("injection", "drops", "extended", "release", "pack", "spray", "patch"),
    }
)
# Sites and routes of HL7 and SNOMED, as paper prescriptions call them.
ROUTES: Final = (
    "oral",
    "sublingual",
    "inhaled",
    "nasal",
    "eye",
    "ear",
    "on the skin",
    "transdermal",
    "rectal",
    "vaginal",
    "subcutaneous",
    "intramuscular",
    "intravenous",
)
# The first that is in the name counts: eye drops before drops. A form with several
# possible routes, such as a solution for injection, has none.
_ROUTES_BY_FORM: Final[Mapping[str, str]] = MappingProxyType(
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


def words_of(text: str) -> frozenset[str]:
    """Return words that may name a substance, in lower case without accents."""
    return frozenset(
        word
        for word in _WORD.findall(plain(text))
        if word not in _IDLE and len(word) >= _SHORTEST
    )


def sole_word_of(name: str) -> str | None:
    """Return the only word of a name for a substance; None for "ACC akut"."""
    words = words_of(name)
    beside = set(tokens_of(name)) - words
    if len(words) != 1 or not all(is_no_substance(token) for token in beside):
        return None
    return next(iter(words))


def is_no_substance(token: str) -> bool:
    """Return whether a word or number names no substance: sodium, tablets, 500."""
    return token in _IDLE or token.isdigit()


def tokens_of(text: str) -> tuple[str, ...]:
    """Return all words and numbers in their order, in any script."""
    parts = unicodedata.normalize("NFKD", text)
    spelt = "".join(part for part in parts if not unicodedata.combining(part))
    return tuple(_TOKEN.findall(spelt.casefold()))


def plain(text: str) -> str:
    """Return the text in lower case without accents."""
    return (
        unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    )


def route_by_form(drug: str) -> str:
    """Return the route of a drug in this form; "" if the form leaves it open."""
    words = f" {plain(drug)} "
    return next((route for form, route in _ROUTES_BY_FORM.items() if form in words), "")


@cache
def built_in_forms() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the list, each with the forms in which it is dispensed."""
    listed = resources.files("services.consultations.drugs") / _LIST
    rows = csv.DictReader(listed.read_text(encoding="utf-8").splitlines())
    return MappingProxyType(
        {
            row["name"]: tuple(
                f"{row['name']} {form}" for form in row["forms"].split("; ") if form
            )
            for row in rows
        }
    )
