"""Whether a drug matches what a patient is allergic to: by name or by class."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from services.consultations.prescriptions.drug_classes import CLASSES, RELATED

_WORD: Final = re.compile(r"[a-z][a-z-]+")
# Words of allergies and drugs that name no substance.
_IDLE: Final = frozenset(
    {
        *("allergy", "allergic", "allergies", "intolerance", "reaction", "adverse"),
        *("drug", "substance", "containing", "product", "free", "with", "from"),
        *("sodium", "potassium", "calcium", "hydrochloride", "acid", "hydrate"),
        *("oral", "tablet", "tablets", "capsule", "capsules", "solution", "cream"),
        *("inhibitor", "inhibitors", "local", "blocker", "blockers"),
        *("injection", "drops", "extended", "release", "pack", "spray", "patch"),
    }
)
_SHORTEST: Final = 4


def find_match(drug: str, allergies: Iterable[str]) -> str | None:
    """Return a sentence on the first allergy that the drug matches, if one does."""
    wanted, groups = _words(drug), _classes(drug)
    related = frozenset().union(*(RELATED.get(group, ()) for group in groups))
    for allergy in allergies:
        known = _classes(allergy)
        if wanted & _words(allergy):
            return f"The patient is allergic to {allergy}."
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
    return frozenset(
        word
        for word in _WORD.findall(_plain(text))
        if word not in _IDLE and len(word) >= _SHORTEST
    )


def _classes(text: str) -> frozenset[str]:
    """Return the classes that the text names, or names a member of."""
    plain, words = _plain(text), _words(text)
    return frozenset(
        name
        for name, members in CLASSES.items()
        if words & members or name.lower().removesuffix("s") in plain
    )


def _plain(text: str) -> str:
    return (
        unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    )
