"""A page whose process is gone is continued in another one."""

import json
from collections.abc import Iterator

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from db.endpoints import Endpoints
from services.core.actors import Role
from tests.dashboard.page import Page
from tests.dashboard.whole_site import WholeSite, whole_site


@pytest.fixture(scope="module")
def site(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WholeSite]:
    with whole_site(module_endpoints, tmp_path_factory.mktemp("resuming")) as running:
        yield running


@pytest.fixture
def lists(site: WholeSite) -> Iterator[Page]:
    """The list of patients, in one session."""
    with site.signed_in(Role.STAFF) as page:
        page.forge([], page_hash=page.shown.pages["patients"])
        yield page


@pytest.fixture
def new(site: WholeSite) -> Iterator[Page]:
    """A session that has not been asked for anything yet."""
    with site.connected(Role.STAFF) as page:
        yield page


def sort(drawn: Page, sent_by: Page) -> None:
    """Sort a table drawn in one session by a click sent to another."""
    [table] = [id_ for id_ in drawn.shown.widgets if id_.endswith("-patients_table")]
    event = {"event": "sorted", "value": {"order": "date_of_birth", "adds": False}}
    sent_by.forge(
        [
            WidgetState(
                id=f"$$STREAMLIT_INTERNAL_KEY_{table}__events",
                json_trigger_value=json.dumps([event]),
            )
        ],
        page_hash=drawn.shown.pages["patients"],
        fragment_id=drawn.shown.fragments[table],
    )


def table_of(page: Page) -> str:
    # The last one: a run that asks for a rerun has drawn it, too. And a run that is
    # followed by another at once has not always sent what the other one draws again.
    return ["", *(text for text in page.shown.texts if "record_table" in text)][-1]


def look_until(page: Page, table: str) -> None:
    while table_of(page) != table:
        page.look_on()


def test_the_first_click_is_done_in_a_page_that_another_process_has_drawn(
    lists: Page, new: Page
):
    before = table_of(lists)
    sort(lists, sent_by=lists)
    assert table_of(lists) != before

    sort(lists, sent_by=new)

    look_until(new, table_of(lists))


def test_a_click_is_done_that_comes_while_the_page_is_being_drawn(
    lists: Page, new: Page
):
    sort(lists, sent_by=lists)
    opening = BackMsg()
    opening.rerun_script.page_script_hash = lists.shown.pages["patients"]

    # Whatever refreshes itself, such as the bell, may be faster than a person.
    new.post(opening.SerializeToString())
    sort(lists, sent_by=new)

    look_until(new, table_of(lists))


def test_who_clicks_on_what_is_not_there_sees_the_page(lists: Page, new: Page):
    pressed = WidgetState(id="$$ID-0-gone", trigger_value=True)

    new.forge([pressed], page_hash=lists.shown.pages["patients"], fragment_id="gone")

    assert table_of(new) == table_of(lists)
    assert new.shows_all
