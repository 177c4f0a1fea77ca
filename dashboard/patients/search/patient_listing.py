"""The list of patients that a page's address names, and where it leads.

The address carries an opaque key and never a value, so that no name or diagnosis ends
up in a browser's history or a log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar
from urllib.parse import urlencode

import streamlit as st

from dashboard.context import CachedRead, last_write, now, read, read_all, write
from dashboard.patients.search.disclosed_lists import (
    disclosed_figures,
    disclosed_list,
    smallest_group,
)
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area, clearable_forms
from dashboard.ui.language import gettext as _
from dashboard.ui.lists import list_addresses
from dashboard.ui.lists.list_addresses import AddressedList
from dashboard.ui.lists.list_words import patients_in_words
from dashboard.ui.words import is_family_first, sorted_by
from services.analytics import pseudonymised_lists
from services.analytics.pseudonymised_lists import DisclosedList, UndisclosedList
from services.core.actors import Permission
from services.core.errors import NotAllowed
from services.core.reasons import LONGEST
from services.lists.criteria import Count, Criteria, Order
from services.lists.pages import PagePosition
from services.patients import search
from services.patients.records.model import PatientRecord
from services.patients.search import ListStatistics, PatientPage, export_grants
from services.patients.search.export_grants import MINUTES
from services.patients.search.fields import FIELDS, PATIENTS

T = TypeVar("T")
# The figures of a list may be slightly out of date.
_FIGURES_SECONDS = 30.0
_SHOWN_LIST: Final = "patients_told_list"
_SHOWN_LASTS: Final = timedelta(seconds=_FIGURES_SECONDS)
_NO_ROWS: Final = PatientPage((), None, None)
_NAMED_EXPORT: Final = "patients_named"


@dataclass(frozen=True, slots=True)
class Listing(AddressedList):
    """A list of patients."""

    subject = PATIENTS

    def page(self, position: PagePosition) -> PatientPage:
        """Read the page at a position."""
        if self._is_guarded:
            return self._guarded_list(position).rows or _NO_ROWS
        page: PatientPage
        (page,) = read_all(self._page(position))
        return page

    def counted_page_and(
        self, position: PagePosition, more: CachedRead[T]
    ) -> tuple[PatientPage, T]:
        """Read a page and something else together, and count the list with them."""
        page: PatientPage
        answer: T
        if self._is_guarded:
            answer, kept = read_all(more, self._undisclosed_list(position))
            return self._disclose(kept).rows or _NO_ROWS, answer
        answer, page, _ = read_all(more, self._page(position), self.count_read())
        return page, answer

    def _page(self, position: PagePosition) -> CachedRead[PatientPage]:
        return CachedRead(
            lambda session: search.list_patients(
                session,
                self.actor,
                self._in_order(),
                after=position.after,
                before=position.before,
                last=position.last,
                now=now(),
                is_kept_back=self._is_guarded,
            ),
            keep=("page", self, position),
        )

    def _in_order(self) -> Criteria:
        """Return the criteria; without an order of their own, by the name as shown."""
        is_named = self.actor.may(Permission.VIEW_NAMES)
        if self.criteria.orders or not is_named or is_family_first():
            return self.criteria
        return replace(self.criteria, orders=(Order(sorted_by()),))

    @property
    def _is_guarded(self) -> bool:
        """Whether the viewer sees no names, and the list is not of all patients."""
        is_pseudonymised = search.visibility_of(self.actor) is search.PSEUDONYMISED
        return is_pseudonymised and not search.is_public(self.criteria)

    def _undisclosed_list(
        self, position: PagePosition
    ) -> CachedRead[UndisclosedList[PatientPage]]:
        page = self._page(position)
        return CachedRead(
            lambda session: pseudonymised_lists.read_undisclosed(
                session,
                self.actor,
                self.criteria,
                lambda: page.operation(session),
                now=now(),
                smallest_group=smallest_group(),
            ),
            keep=("undisclosed", self, position),
        )

    def _guarded_list(
        self, position: PagePosition | None = None
    ) -> DisclosedList[PatientPage]:
        """Return the visible part of a guarded list: at a position, or as last seen."""
        kept = st.session_state.get(_SHOWN_LIST)
        if position is None and kept and kept[0] == self:
            shown: DisclosedList[PatientPage] = kept[1]
            if now() - kept[2] < _SHOWN_LASTS:
                return shown
        return self._disclose(
            *read_all(self._undisclosed_list(position or PagePosition()))
        )

    def _disclose(
        self, kept: UndisclosedList[PatientPage]
    ) -> DisclosedList[PatientPage]:
        shown = disclosed_list(kept)
        st.session_state[_SHOWN_LIST] = (self, shown, now())
        return shown

    def refusal(self) -> NotAllowed | None:
        """Return why no rows of the list are shown, or None."""
        return self._guarded_list().refusal() if self._is_guarded else None

    def similar(self) -> tuple[PatientRecord, ...]:
        """Read patients with names similar to a search that found nobody."""
        if not self.criteria.search or not self.actor.may(Permission.VIEW_NAMES):
            return ()
        return read(
            lambda session: search.find_similar(
                session, self.actor, self.criteria.search
            ),
            keep=("similar", self),
        )

    def count(self) -> Count:
        """Count the list, as far as the time limit allows."""
        counted: Count | None
        if self._is_guarded:
            counted = self._guarded_list().count
            assert counted is not None  # noqa: S101 - a guarded list is counted
            return counted
        (counted,) = read_all(self.count_read())
        return counted

    def count_read(self) -> CachedRead[Count]:
        """Return the read that `count` needs for a list that names patients."""
        return CachedRead(
            lambda session: search.count_patients(
                session, self.actor, self.criteria, now=now()
            ),
            keep=("count", self),
            seconds=_FIGURES_SECONDS,
        )

    def count_beside(self, page: PatientPage) -> Count:
        """Return the list's count; exact if the page is the whole list."""
        if page.is_whole:
            return Count(len(page.rows))
        return self.count()

    def sentence(self, page: PatientPage) -> str:
        """Return a sentence about what the list shows and how many there are."""
        return patients_in_words(self.criteria, FIELDS, self.count_beside(page))

    def csv(self, page: PatientPage) -> str | None:
        """Return the address of the list's CSV, if this person may have it."""
        return self._file(page, "csv")

    def workbook(self, page: PatientPage) -> str | None:
        """Return the address of the list's workbook, under the same conditions."""
        return self._file(page, "xlsx")

    def _file(self, page: PatientPage, ending: str) -> str | None:
        if not page.rows or not self.actor.may(Permission.EXPORT_PATIENTS):
            return None
        if list_addresses.is_sealed(self.key):
            return None
        parameters = {"list": self.key, "after_lsn": str(last_write() or "")}
        query = urlencode({name: value for name, value in parameters.items() if value})
        return f"/files/patients.{ending}?{query}"

    def csv_with_names(self, reason: str) -> str:
        """Return where the list with names can be fetched once, for this reason."""
        grant = write(
            lambda session: export_grants.request_export(
                session, self.actor, self.key or None, reason
            )
        )
        query = {"grant": str(grant.id), "after_lsn": str(last_write() or "")}
        return f"/files/patients.csv?{urlencode(query)}"

    def statistics(
        self, figures: Sequence[str] = pseudonymised_lists.ALL
    ) -> ListStatistics:
        """Read what the list is made of, as far as it may be shown; raises RevealsFew.

        People who see no names get these `figures` only.
        """
        if search.visibility_of(self.actor) is search.PSEUDONYMISED:
            answers = read(
                lambda session: pseudonymised_lists.count_bars(
                    session,
                    self.actor,
                    self.criteria,
                    now=now(),
                    smallest_group=smallest_group(),
                    figures=figures,
                ),
                keep=("bars", self, tuple(figures)),
                seconds=_FIGURES_SECONDS,
            )
            return disclosed_figures(answers)
        return read(
            lambda session: search.describe(
                session, self.actor, self.criteria, now=now()
            ),
            keep=("statistics", self),
            seconds=_FIGURES_SECONDS,
        )


def offer_named_export(listing: Listing) -> None:
    """Draw the button that asks for a reason and then offers the file."""
    with (
        st.popover(_("With names"), key="patients_named", icon=":material/badge:"),
        error_boundary(),
    ):
        st.markdown(
            _(
                "The file contains the patients' names and contact details. Your "
                "reason is kept in the audit log with the export."
            )
        )
        # A reason is for this list: another list needs its own.
        clearable_forms.clear_unless_about(_NAMED_EXPORT, listing.criteria)
        with st.form("patients_named_form", border=False):
            reason = bounded_area(
                _("Reason"),
                key=clearable_forms.key_in(_NAMED_EXPORT, "reason"),
                longest=LONGEST,
            )
            is_wanted = st.form_submit_button(
                _("Prepare file"), type="primary", key="patients_named_ask"
            )
        if is_wanted:
            address = listing.csv_with_names(reason)
            st.link_button(
                _("Download with names"),
                address,
                icon=":material/download:",
                key="patients_named_csv",
            )
            st.caption(
                _("You can download it once, within {minutes} minutes.").format(
                    minutes=MINUTES
                )
            )
