"""The spellings in patients' lists of allergies, illnesses and medicines."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, bindparam, func, literal_column, select, union_all
from sqlalchemy.orm import Session

from db.models.patient import ClinicalTerm
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.lists.criteria.patterns import containing
from services.lists.criteria.shape import TermLookup
from services.lists.statements import MOST, compiled, run

MAX_SPELLINGS: Final = 2_000
_MOST_LOOKED_AT: Final = 20_000
_IS_WORD: Final = re.compile(r"\w")


def spell_out(
    session: Session, mentions: Mapping[str, TermLookup]
) -> dict[str, list[str]]:
    """Return the spellings in patients' lists for what is mentioned.

    They are looked up first, in a statement of their own, so that the planner knows how
    many patients have them. Raises InvalidInput if there are too many.
    """
    parameters: dict[str, object] = {"most": _MOST_LOOKED_AT}
    for position, mention in enumerate(mentions.values()):
        parameters[f"kind_{position}"] = mention.field
        parameters[f"pattern_{position}"] = containing(mention.text)
    names = list(mentions)
    spellings: dict[str, list[str]] = {name: [] for name in names}
    for position, term, term_key in run(session, _lookup(len(names)), parameters):
        if _is_meant(mentions[names[position]], term_key):
            spellings[names[position]].append(term)
    for name, terms in spellings.items():
        if len(terms) > MAX_SPELLINGS:
            raise InvalidInput(
                mentions[name].field,
                "Too many entries contain this; type more of the word.",
            )
    return spellings


def _is_meant(mention: TermLookup, term_key: str) -> bool:
    """Return whether a term that contains the text is one that was meant."""
    if not mention.is_whole_words:
        return True
    text = mention.text
    start = r"(?<!\w)" if _IS_WORD.match(text[:1]) else ""
    end = r"(?!\w)" if _IS_WORD.match(text[-1:]) else ""
    whole = start + re.escape(text) + end
    return bool(text) and bool(re.search(whole, term_key))


def list_terms(
    session: Session, actor: Actor, kind: str, *, limit: int = 300
) -> tuple[str, ...]:
    """Return the first spellings of a kind in alphabetical order, to choose from."""
    actor.require(Permission.LIST_PATIENTS)
    rows = run(session, _first_terms(), {"kind": kind, "most": limit})
    return tuple(term for (term,) in rows)


@lru_cache
def _first_terms() -> str:
    # Spellings that differ only in case or accents count as one.
    first = (
        select(func.min(ClinicalTerm.term))
        .where(ClinicalTerm.kind == bindparam("kind"))
        .group_by(ClinicalTerm.term_key)
        .order_by(ClinicalTerm.term_key)
        .limit(MOST)
    )
    return compiled(first)


@lru_cache
def _lookup(count: int) -> str:
    return compiled(union_all(*map(_looked_up, range(count))))


def _looked_up(position: int) -> Any:
    return (
        select(
            literal_column(str(position), Integer),
            ClinicalTerm.term,
            ClinicalTerm.term_key,
        )
        .where(
            ClinicalTerm.kind == bindparam(f"kind_{position}"),
            ClinicalTerm.term_key.like(bindparam(f"pattern_{position}")),
        )
        .limit(MOST)
    )
