"""The error boundary: a refusal is explained, an unexpected error gets a number."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec
from uuid import uuid4

import streamlit as st

from dashboard import wiring
from dashboard.ui.language import gettext as _, refusal_text
from dashboard.ui.outcomes.field_problems import problem_of
from dashboard.ui.words import plain
from dashboard.web.log.json_log import describe
from services.core.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSaved,
    ServiceError,
    StorageFull,
    Unavailable,
)
from services.core.full_disks import full_disk

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 2
P = ParamSpec("P")


@contextmanager
def error_boundary() -> Iterator[None]:
    """Catch any error inside and explain it on the page.

    Fragments need a boundary of their own: when one reruns, the shell does not.
    """
    try:
        yield
    except ServiceError as refusal:
        explain(refusal)
    except Exception as error:
        full = full_disk(error, wiring.current().disks)
        if full is None:
            _show_unexpected_error(error)
        else:
            explain(full)


def fragment_of(show: Callable[P, None]) -> Callable[P, None]:
    """Return a fragment that shows the same, with a boundary of its own."""
    return st.fragment(error_boundary()(show))


def explain(refusal: ServiceError) -> None:
    """Show what was refused and what to do next."""
    if isinstance(refusal, Unavailable):
        refusal = full_disk(refusal, wiring.current().disks) or refusal
    # It may quote what somebody typed.
    sentence = plain(refusal_text(refusal))
    if isinstance(refusal, StorageFull):
        st.warning(
            sentence,
            icon=":material/disc_full:",
            title=_("A disk is full"),
        )
        st.toast(
            _("A disk is full. The page has the details."), icon=":material/disc_full:"
        )
    elif isinstance(refusal, NotSaved):
        # No rerun by itself: it would remove the sentence, and save nothing.
        st.warning(sentence, icon=":material/cloud_off:", title=_("Not saved"))
        # Below a long form the sentence itself may be out of sight.
        st.toast(_("Not saved. The page explains why."), icon=":material/cloud_off:")
    elif isinstance(refusal, Unavailable):
        st.warning(sentence, icon=":material/sync_problem:", title=_("One moment"))
        _try_again_soon()
    elif isinstance(refusal, NotAllowed):
        st.error(sentence, icon=":material/lock:", title=_("Not allowed"))
    elif isinstance(refusal, NotFound):
        st.warning(sentence, icon=":material/search_off:", title=_("Not found"))
    elif isinstance(refusal, InvalidInput | Conflict) and refusal.property_name:
        with problem_of(refusal.property_name):
            st.error(sentence, icon=":material/block:")
    else:
        st.error(sentence, icon=":material/block:")


def _show_unexpected_error(error: Exception) -> None:
    incident = uuid4().hex[:8]
    # Without its message: a constraint's error quotes the patient's whole row.
    logger.error("incident %s: %s", incident, describe(error))
    st.error(
        _(
            "Something went wrong on our side. What was saved before is safe. Try "
            "again; if it happens twice, tell your administrator incident {incident}."
        ).format(incident=incident),
        icon=":material/error:",
        title=_("This page could not be shown"),
    )


def _try_again_soon() -> None:
    st.session_state["net_waiting"] = True
    _wait()


@st.fragment(run_every=f"{_RETRY_SECONDS}s")
def _wait() -> None:
    if not st.session_state.pop("net_waiting", False):
        st.rerun()
    st.caption(
        _("Trying again every {seconds} seconds.").format(seconds=_RETRY_SECONDS)
    )
