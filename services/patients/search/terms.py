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
from services.core.sentences import Sentence
from services.core.typed_text import is_storable
from services.lists.criteria import MAX_TEXT_LENGTH
from services.lists.criteria.patterns import beginning_a_word, containing
from services.lists.criteria.shape import TermLookup
from services.lists.folding import fold
from services.lists.statements import MOST, compiled, run
from services.patients.records.model import LISTS

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


def suggest_terms(
    session: Session, actor: Actor, kind: str, beginning: str, *, limit: int = 20
) -> tuple[str, ...]:
    """Return spellings with a word that begins so, those that begin so first.

    An empty beginning suggests nothing. Raises InvalidInput for a kind that patients
    have no list of, and Unavailable.
    """
    actor.require(Permission.LIST_PATIENTS)
    if kind not in LISTS:
        raise InvalidInput(
            "kind", Sentence("The lists are {kinds}.", kinds=", ".join(LISTS))
        )
    typed = beginning.strip()[:MAX_TEXT_LENGTH]
    if not typed or not is_storable(typed):
        return ()
    key = fold(session, [typed])[typed]
    given = {"kind": kind, "key": key, "word": beginning_a_word(key), "most": limit}
    return tuple(term for (term,) in run(session, _suggestions(), given))


def list_terms(
    session: Session, actor: Actor, kind: str, *, limit: int = 300
) -> tuple[str, ...]:
    """Return the first spellings of a kind in alphabetical order, to choose from."""
    actor.require(Permission.LIST_PATIENTS)
    rows = run(session, _first_terms(), {"kind": kind, "most": limit})
    return tuple(term for (term,) in rows)


@lru_cache
def _first_terms() -> str:
    # As in suggestions, spellings that differ only in case or accents count as one.
    first = (
        select(func.min(ClinicalTerm.term))
        .where(ClinicalTerm.kind == bindparam("kind"))
        .group_by(ClinicalTerm.term_key)
        .order_by(ClinicalTerm.term_key)
        .limit(MOST)
    )
    return compiled(first)


@lru_cache
def _suggestions() -> str:
    # Two spellings that differ only in case or accents are one suggestion.
    terms = (
        select(
            ClinicalTerm.term_key,
            func.min(ClinicalTerm.term).label("term"),
        )
        .where(
            ClinicalTerm.kind == bindparam("kind"),
            ClinicalTerm.term_key.bool_op("~")(bindparam("word")),
        )
        .group_by(ClinicalTerm.term_key)
        .subquery()
    )
    begins = terms.c.term_key.bool_op("^@")(bindparam("key"))
    ordered = select(terms.c.term).order_by(begins.desc(), terms.c.term_key)
    return compiled(ordered.limit(MOST))


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
