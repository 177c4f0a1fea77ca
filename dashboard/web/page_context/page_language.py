"""The language for a person, and for the pages of this session."""

from collections.abc import Iterator, Sequence
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.ui.language import ENGLISH, choose_language
from services.core.actors import LANGUAGES, Actor

# What was chosen by a link on the pages of sign-in, which do not know the person yet.
COOKIE: Final = "chartroom_language"


def use_language_of(actor: Actor) -> None:
    """Have this session's pages use the language of this person."""
    choose_language(
        language_of(
            actor,
            accepted=st.context.headers.get("Accept-Language") or "",
            chosen=st.context.cookies.get(COOKIE),
            usual=wiring.current().settings.language,
        )
    )


def language_of(
    actor: Actor | None, *, accepted: str, chosen: str | None, usual: str
) -> str:
    """Return the language for a person.

    The first that there is: the one the person has saved, the one chosen before signing
    in, those that their browser accepts, the clinic's own.
    """
    kept = actor.language if actor is not None else None
    wanted = (kept, chosen, *_preferred(accepted), usual)
    return next((each for each in wanted if each in LANGUAGES), ENGLISH)


def _preferred(accepted: str) -> Iterator[str]:
    """Yield the languages of an Accept-Language header, the most preferred first."""
    ranges: list[tuple[float, str]] = []
    for each in accepted.split(","):
        name, _, weight = each.strip().partition(";q=")
        try:
            liked = float(weight or 1)
        except ValueError:
            continue
        if liked > 0:
            ranges.append((-liked, name.partition("-")[0].lower()))
    # Equally preferred ones keep their order.
    yield from (name for _, name in sorted(ranges, key=_weight))


def _weight(liked: Sequence[object]) -> float:
    return float(str(liked[0]))
