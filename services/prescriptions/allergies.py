"""Whether a drug matches what a patient is allergic to: by name or by class."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from services.prescriptions.drug_classes import CLASSES, RELATED

_WORD: Final = re.compile(r"[a-z][a-z-]+")
# Words of allergies and drugs that name no substance.
_IDLE: Final = frozenset(
    {
        *("allergy", "allergic", "allergies", "intolerance", "reaction", "adverse"),
        *("drug", "substance", "containing", "product", "free", "with", "from"),
        *("sodium", "potassium", "calcium", "hydrochloride", "acid", "hydrate"),
        *("oral", "tablet", "tablets", "capsule", "capsules", "solution", "cream"),
        *("injection", "drops", "extended", "release", "pack", "spray", "patch"),
    }
)
_SHORTEST: Final = 4


def find_match(drug: str, allergies: Iterable[str]) -> str | None:
    """Return a sentence on the first allergy that the drug matches, if one does."""
    wanted = _words(drug)
    groups = _classes(wanted)
    related = frozenset().union(*(RELATED.get(one, ()) for one in groups))
    for allergy in allergies:
        told = _words(allergy)
        if wanted & told:
            return f"The patient is allergic to {allergy}."
        known = _classes(told)
        if shared := sorted(groups & known):
            return (
                f"The patient is allergic to {allergy}, and this belongs to the same "
                f"class: {shared[0]}."
            )
        if related & known:
            return (
                f"The patient is allergic to {allergy}, and those who are sometimes "
                "are to this as well."
            )
    return None


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = _WORD.findall(plain.lower())
    return frozenset(
        word for word in words if word not in _IDLE and len(word) >= _SHORTEST
    )


def _classes(words: frozenset[str]) -> frozenset[str]:
    """Return the classes that the words name or belong to."""
    return frozenset(
        name
        for name, members in CLASSES.items()
        if words & members or words & _names_of(name)
    )


def _names_of(name: str) -> frozenset[str]:
    """Return the class's own name in the plural and the singular."""
    told = name.lower()
    if " " in told:
        # "inhibitors" or "local" alone say nothing.
        return frozenset()
    return frozenset({told, told.removesuffix("s")})
