"""The commonest words beside an event's fields; a click puts one in."""

from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from dashboard.context import current_actor, now, read, write
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.words import at, plain
from services.analytics import figures
from services.analytics.cohorts import EventKind
from services.analytics.figures import Facet
from services.documents.records.kinds import TYPE_LABELS

_FACETS: Final = "cohorts_facets"
_LAST: Final = timedelta(minutes=10)


def show_facets(prefix: str, kind: EventKind) -> None:
    """Offer the commonest words of a kind of event, once somebody asks for them."""
    shown = f"{prefix}_facets"
    is_shown = st.session_state.get(shown) is kind
    st.button(
        _("Hide the most common") if is_shown else _("Most common"),
        key=f"{prefix}_commonest",
        icon=":material/format_list_numbered:",
        type="tertiary",
        on_click=_toggle,
        args=(shown, kind),
    )
    if not is_shown:
        return
    again = st.session_state.pop(f"{prefix}_recount", False)
    facets = _facets_of(kind, is_counted_anew=again)
    if not facets:
        st.caption(
            _(
                "There is nothing here that {least} or more patients had and that "
                "may be shown. Whatever has no date is left out."
            ).format(least=smallest_group())
        )
        return
    with st.container(horizontal=True, gap="small"):
        for place, facet in enumerate(facets):
            st.button(
                f"{plain(shown_words(kind, facet.words))} · {decimal(facet.patients)}",
                key=f"{prefix}_facet_{place}",
                on_click=_choose,
                args=(prefix, shown_words(kind, facet.words)),
            )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("Patients of the whole clinic, counted {time}.").format(
                time=at(min(facet.counted_at for facet in facets))
            ),
            width="content",
        )
        st.button(
            _("Count again"),
            key=f"{prefix}_count_again",
            help=_("If nothing has changed, the time stays the same."),
            type="tertiary",
            on_click=_recount,
            args=(prefix,),
        )


def shown_words(kind: EventKind, words: str) -> str:
    """Return the words of an event as a field has them.

    A type of documents has its name in the language of the page.
    """
    types = _types_by_name() if kind is EventKind.DOCUMENT else {}
    return next((name for name, own in types.items() if words in own), words)


def typed_words(kind: EventKind, typed: str) -> str:
    """Return the words of an event from a field, whose types of documents have names.

    Wherever the question is opened again, it has the name that is matched.
    """
    typed = typed.strip()
    types = _types_by_name() if kind is EventKind.DOCUMENT else {}
    matched = (own[1] for name, own in types.items() if name.lower() == typed.lower())
    return next(matched, typed)


def _types_by_name() -> dict[str, tuple[str, str]]:
    """Return each type of documents, and its name in matching, by its name here."""
    return {_(label): (str(own), str(label)) for own, label in TYPE_LABELS.items()}


def _facets_of(kind: EventKind, *, is_counted_anew: bool) -> tuple[Facet, ...]:
    """Return the facets of a kind: for a while those that somebody had counted."""
    kept: dict[EventKind, tuple[tuple[Facet, ...], datetime]]
    kept = st.session_state.setdefault(_FACETS, {})
    when = now()
    if kind in kept and when - kept[kind][1] < _LAST and not is_counted_anew:
        return kept[kind][0]
    known = None if is_counted_anew else _cached_facets(kind)
    facets = _count_facets(kind) if known is None else known
    kept[kind] = (facets, when)
    return facets


def _cached_facets(kind: EventKind) -> tuple[Facet, ...] | None:
    actor, when, least = current_actor(), now(), smallest_group()
    return write(
        lambda session: figures.disclose_known_facets(
            session, actor, kind, now=when, smallest_group=least
        )
    )


def _count_facets(kind: EventKind) -> tuple[Facet, ...]:
    actor, when, least = current_actor(), now(), smallest_group()
    undisclosed = read(
        lambda session: figures.count_facets(
            session, actor, kind, now=when, smallest_group=least
        )
    )
    return write(lambda session: figures.disclose_facets(session, actor, undisclosed))


def _toggle(shown: str, kind: EventKind) -> None:
    is_shown = st.session_state.get(shown) is kind
    st.session_state[shown] = None if is_shown else kind


def _choose(prefix: str, words: str) -> None:
    st.session_state[f"{prefix}_words"] = words


def _recount(prefix: str) -> None:
    st.session_state[f"{prefix}_recount"] = True
