"""Opening the table below a chart sends its numbers without drawing the page."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from tests.dashboard.page import Page, Shown
from tests.dashboard.whole_site import whole_site
from tests.kit import cast
from tests.kit.replicas import await_everywhere
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

NUMBERS = ("table", "csv")


@dataclass(frozen=True)
class Statistics:
    """The page of statistics as it was drawn, and the tools below its chart."""

    page: Page
    whole: Shown

    @property
    def tools(self) -> str:
        """The id of the tools below the chart of free and booked times."""
        ids = (
            id_ for id_ in self.whole.widgets if id_.endswith("-statistics_slots_tools")
        )
        return next(ids)

    def say(self, state: WidgetState) -> str:
        """Send a value of the tools below the chart; return how they are drawn then."""
        self.page.forge(
            [state],
            page_hash=self.whole.pages["statistics"],
            fragment_id=self.whole.fragments[self.tools],
        )
        shown = self.page.shown
        # No other part of the page is drawn again.
        assert {id_ for id_ in shown.widgets if "statistics" in id_} == {self.tools}
        return shown.described[self.tools]


@pytest.fixture(scope="module")
def statistics(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Statistics]:
    """The page with a chart of one free time."""
    folder = tmp_path_factory.mktemp("charts")
    with (
        whole_site(module_endpoints, folder) as site,
        closing(Database(module_endpoints)) as database,
    ):
        database.write(
            lambda s: visit_samples.slot(s, cast.add_doctor(s).id, soon(1)),
            identity=SYSTEM,
        )
        await_everywhere(database)
        with site.signed_in(Role.ADMIN) as page:
            page.forge([], page_hash=page.shown.pages["statistics"])
            yield Statistics(page, page.shown)


def has(drawn: str, part: str) -> bool:
    return f'\\"{part}\\":' in drawn


def test_no_numbers_come_with_the_page(statistics: Statistics):
    drawn = statistics.whole.described[statistics.tools]

    assert has(drawn, "name")
    assert not any(has(drawn, part) for part in NUMBERS)


def test_an_opened_table_comes_alone_and_goes_when_it_is_closed(
    statistics: Statistics,
):
    for is_open in (True, False):
        opened = json.dumps({"opened": is_open})

        drawn = statistics.say(WidgetState(id=statistics.tools, json_value=opened))

        assert has(drawn, "table") is is_open
        assert ("Free" in drawn) is is_open
        assert not has(drawn, "csv")


def event(statistics: Statistics, name: str, value: object) -> WidgetState:
    return WidgetState(
        id=f"$$STREAMLIT_INTERNAL_KEY_{statistics.tools}__events",
        json_trigger_value=json.dumps([{"event": name, "value": value}]),
    )


def test_a_file_comes_once_to_who_asks_for_it(statistics: Statistics):
    click = event(statistics, "csv", True)
    nothing = WidgetState(id=statistics.tools, json_value=json.dumps({}))

    assert has(statistics.say(click), "csv")
    assert not has(statistics.say(nothing), "csv")


@pytest.mark.timeout(60)
def test_a_choice_that_no_table_offers_draws_no_page_for_ever(statistics: Statistics):
    drawn = statistics.say(event(statistics, "chosen", "Free"))

    assert has(drawn, "name")
