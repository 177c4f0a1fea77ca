"""What stands against a drug: an allergy, by name or by class, or that none is known.

A name that is not recognised could be of any class, therefore it is a warning itself.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from services.consultations.drugs import (
    BUILT_IN,
    CLASSES,
    RELATED,
    DrugList,
    plain,
)

NOT_RECOGNISED: Final = (
    "This name is not recognised, so allergies cannot be checked. Look at the spelling."
)


def find_warning(
    drug: str, allergies: Iterable[str], drugs: DrugList = BUILT_IN
) -> str:
    """Return a sentence on what stands against the drug; "" if nothing does."""
    known = tuple(allergies)
    if match := find_match(drug, known, drugs):
        return match
    recognition = drugs.recognise(drug)
    if recognition.is_known:
        return ""
    for _, name in recognition.likely:
        if match := find_match(name, known, drugs):
            return f"{NOT_RECOGNISED} If it is {name}: {match}"
    return NOT_RECOGNISED


def find_match(
    drug: str, allergies: Sequence[str], drugs: DrugList = BUILT_IN
) -> str | None:
    """Return a sentence on the first allergy that the drug matches, if one does."""
    wanted = drugs.substances_in(drug)
    groups = _classes(drug, wanted, drugs)
    related = frozenset().union(*(RELATED.get(group, ()) for group in groups))
    for allergy in allergies:
        words = _meant(drugs.substances_in(allergy), drugs)
        known = _classes(allergy, words, drugs)
        if wanted & words:
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


def _meant(words: frozenset[str], drugs: DrugList) -> frozenset[str]:
    """Return the words, and what misspelt ones may be meant to be.

    Allergies are typed as freely as drugs, and a "Penicilin" must warn as well.
    """
    likely = (name for word in words for name in drugs.likely_names(word))
    return words.union(*map(drugs.substances_in, likely))


def _classes(text: str, words: frozenset[str], drugs: DrugList) -> frozenset[str]:
    """Return the classes that the text names, or whose members are among its words."""
    spelt = plain(text)
    return drugs.classes_in(text) | frozenset(
        name
        for name, members in CLASSES.items()
        if words & members or name.lower().removesuffix("s") in spelt
    )
