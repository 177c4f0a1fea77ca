"""The spellings that stand in patients' lists of allergies, illnesses and medicines."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, bindparam, func, literal_column, select, union_all
from sqlalchemy.orm import Session

from db.models import ClinicalTerm
from services.actors import Actor, Permission
from services.criteria.model import MAX_TEXT_LENGTH
from services.criteria.shape import Mention
from services.criteria.sql import beginning_a_word, containing
from services.criteria.values import is_storable
from services.errors import InvalidInput
from services.patient_lists.statements import compiled, run

KINDS: Final = ("allergies", "medical_history", "current_medications")
MAX_SPELLINGS: Final = 2_000
_MOST_LOOKED_AT: Final = 20_000
_IS_WORD: Final = re.compile(r"\w")


def spelled_out(session: Session, values: Sequence[object]) -> tuple[object, ...]:
    """Replace each Mention by the list of spellings it stands for.

    They are looked up first, in a statement of their own, so that the planner knows
    how many patients have them. Raises InvalidInput if there are too many.
    """
    mentions = [value for value in values if isinstance(value, Mention)]
    if not mentions:
        return tuple(values)
    spellings = iter(_spellings(session, mentions))
    return tuple(next(spellings) if isinstance(v, Mention) else v for v in values)


def suggest_terms(
    session: Session, actor: Actor, kind: str, beginning: str, *, limit: int = 20
) -> tuple[str, ...]:
    """Return spellings with a word that begins so; first those that begin so at all.

    An empty beginning suggests nothing. Raises InvalidInput for a kind that patients
    have no list of, and Unavailable.
    """
    actor.require(Permission.LIST_PATIENTS)
    if kind not in KINDS:
        raise InvalidInput("kind", f"The lists are {', '.join(KINDS)}.")
    typed = beginning.strip()[:MAX_TEXT_LENGTH]
    if not typed or not is_storable(typed):
        return ()
    rows = run(session, _suggestions(), {"kind": kind, "text": typed, "most": limit})
    return tuple(term for (term,) in rows)


def list_terms(
    session: Session, actor: Actor, kind: str, *, limit: int = 300
) -> tuple[str, ...]:
    """Return the first spellings of a kind in alphabetical order, to choose from."""
    actor.require(Permission.LIST_PATIENTS)
    rows = run(session, _first_terms(), {"kind": kind, "most": limit})
    return tuple(term for (term,) in rows)


@lru_cache
def _first_terms() -> str:
    # As in suggestions, spellings that differ in case or accents only are one.
    first = (
        select(func.min(ClinicalTerm.term))
        .where(ClinicalTerm.kind == bindparam("kind"))
        .group_by(ClinicalTerm.term_key)
        .order_by(ClinicalTerm.term_key)
        .limit(bindparam("most", type_=Integer))
    )
    return compiled(first)


@lru_cache
def _suggestions() -> str:
    asked = func.fold(bindparam("text"))
    # Two spellings that differ in case or accents only are one suggestion.
    terms = (
        select(
            ClinicalTerm.term_key,
            func.min(ClinicalTerm.term).label("term"),
        )
        .where(
            ClinicalTerm.kind == bindparam("kind"),
            ClinicalTerm.term_key.like(containing(asked)),
            ClinicalTerm.term_key.bool_op("~")(beginning_a_word(asked)),
        )
        .group_by(ClinicalTerm.term_key)
        .subquery()
    )
    begins = terms.c.term_key.bool_op("^@")(asked)
    ordered = select(terms.c.term).order_by(begins.desc(), terms.c.term_key)
    return compiled(ordered.limit(bindparam("most", type_=Integer)))


def _spellings(session: Session, mentions: Sequence[Mention]) -> list[list[str]]:
    parameters: dict[str, object] = {"most": _MOST_LOOKED_AT}
    for position, mention in enumerate(mentions):
        parameters[f"kind_{position}"] = mention.field
        parameters[f"text_{position}"] = mention.text
    found: list[list[str]] = [[] for _ in mentions]
    for position, term, key, asked in run(session, _lookup(len(mentions)), parameters):
        if not mentions[position].is_whole_words or _has_words(key, asked):
            found[position].append(term)
    for mention, terms in zip(mentions, found, strict=True):
        if len(terms) > MAX_SPELLINGS:
            raise InvalidInput(
                mention.field, "Too many entries contain this; type more of the word."
            )
    return found


@lru_cache
def _lookup(count: int) -> str:
    return compiled(union_all(*map(_looked_up, range(count))))


def _looked_up(position: int) -> Any:
    asked = func.fold(bindparam(f"text_{position}"))
    return (
        select(
            literal_column(str(position), Integer).label("position"),
            ClinicalTerm.term,
            ClinicalTerm.term_key,
            asked.label("asked"),
        )
        .where(
            ClinicalTerm.kind == bindparam(f"kind_{position}"),
            ClinicalTerm.term_key.like(containing(asked)),
        )
        .limit(bindparam("most", type_=Integer))
    )


def _has_words(term_key: str, asked: str) -> bool:
    """Tell whether the term contains the words whole, not as a part of others."""
    start = r"(?<!\w)" if _IS_WORD.match(asked[:1]) else ""
    end = r"(?!\w)" if _IS_WORD.match(asked[-1:]) else ""
    return bool(asked) and bool(re.search(start + re.escape(asked) + end, term_key))
