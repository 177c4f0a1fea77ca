"""Messages to Streamlit's websocket without a page cost nobody a run."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState

from dashboard.web import forged_values
from db.endpoints import Endpoints
from services.core.actors import Role
from tests.dashboard.page import Page
from tests.dashboard.whole_site import WholeSite, whole_site

UNKNOWN = "$$ID-unknown-None"
# Would be shown or logged if any value were.
NAME = "Lovelace"
CHOSEN = "14 Nov 02:25 Switchover"
DROPPED = "A page sent a value that its widgets never send; it was dropped."
# Values that a browser may send for a widget, and that none of our widgets sends.
FORGED: dict[str, Callable[[WidgetState], Any]] = {
    "nothing": lambda _: None,
    "yes": lambda w: setattr(w, "bool_value", True),
    "no number": lambda w: setattr(w, "double_value", math.nan),
    "no end": lambda w: setattr(w, "double_value", math.inf),
    "a huge number": lambda w: setattr(w, "int_value", 2**63 - 1),
    "text": lambda w: setattr(w, "string_value", NAME),
    "text with NUL": lambda w: setattr(w, "string_value", f"{NAME}\0"),
    "numbers": lambda w: w.double_array_value.data.extend([math.nan, -1]),
    "indices": lambda w: w.int_array_value.data.extend([2**62, -1]),
    "no texts": lambda w: w.string_array_value.SetInParent(),
    "texts": lambda w: w.string_array_value.data.extend([NAME, "9999-99-99"]),
    "broken JSON": lambda w: setattr(w, "json_value", f'{{"{NAME}'),
    "JSON of another kind": lambda w: setattr(w, "json_value", f'["{NAME}"]'),
    "deep JSON": lambda w: setattr(w, "json_value", "[" * 50_000),
    "an event": lambda w: setattr(w, "json_trigger_value", f'{{"{NAME}'),
    "a table": lambda w: setattr(w.arrow_value, "data", b"\xff"),
    "bytes": lambda w: setattr(w, "bytes_value", b"\xff"),
    "a file": lambda w: w.file_uploader_state_value.uploaded_file_info.add(
        file_id=NAME, name=NAME, size=2**40
    ),
    "a chosen text": lambda w: setattr(w.string_trigger_value, "data", NAME),
}


@pytest.fixture(scope="module")
def site(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WholeSite]:
    with whole_site(module_endpoints, tmp_path_factory.mktemp("forged")) as running:
        yield running


@pytest.fixture(scope="module")
def tried_before() -> set[str]:
    """The descriptions of widgets for which every value has been forged already.

    A description includes the widget's id, and with it the page, except for widgets on
    every page. Where a role is shown a widget with the same description, the same code
    reads the browser's values.
    """
    return set()


def _state(widget_id: str, forge: Callable[[WidgetState], Any]) -> WidgetState:
    state = WidgetState(id=widget_id)
    forge(state)
    return state


@pytest.mark.parametrize("role", [Role.PATIENT, Role.STAFF, Role.ADMIN])
def test_no_forged_value_loses_a_run_or_fills_the_log(
    site: WholeSite, role: Role, tried_before: set[str]
):
    before = site.complaints()
    with site.signed_in(role) as page:
        pages, lost, tried = dict(page.shown.pages), [], 0
        assert "" in pages
        for path, page_hash in pages.items():
            page.forge([], page_hash=page_hash)
            # A page of another role draws no widgets; an id that was never drawn is
            # tried at home.
            drawn = set(page.shown.widgets) | ({UNKNOWN} if path == "" else set())
            if not drawn:
                continue
            widgets = {page.shown.described.get(id_, role.value) for id_ in drawn}
            tried += len(drawn) * len(FORGED)
            if widgets <= tried_before:
                continue
            tried_before |= widgets
            for name, forge in FORGED.items():
                states = [_state(id_, forge) for id_ in drawn]
                page.forge(states, page_hash=page_hash)
                if not page.shows_all:
                    lost.append((path, name))

    assert tried > 820
    assert lost == []
    assert site.complaints()[len(before) :] == [DROPPED]


def test_what_is_logged_has_no_value(site: WholeSite):
    assert NAME not in site.log.read_text()


# What the page Register receives for a new patient with all required fields.
REGISTRATION: dict[str, Callable[[WidgetState], Any]] = {
    "register_first_name": lambda w: setattr(w, "string_value", "Ada"),
    "register_last_name": lambda w: setattr(w, "string_value", NAME),
    "register_date_of_birth": lambda w: setattr(w, "string_value", "1985-12-10"),
    "register_phone_number": lambda w: setattr(w, "string_value", "+49 30 1234567"),
    "register_submit": lambda w: setattr(w, "trigger_value", True),
}


def _registration(page: Page) -> list[WidgetState]:
    keys = {id_: id_.split("-", 2)[-1] for id_ in page.shown.widgets}
    return [
        _state(id_, REGISTRATION[key])
        for id_, key in keys.items()
        if key in REGISTRATION
    ]


def test_a_widget_of_another_roles_page_does_nothing(site: WholeSite):
    with site.signed_in(Role.STAFF) as staff, site.signed_in(Role.PATIENT) as maya:
        of_staff = staff.shown.pages["register"]
        staff.forge([], page_hash=of_staff)
        form = _registration(staff)
        before = site.count("patients")

        # On the page itself, and on a page that she may open.
        for page_hash in (of_staff, maya.shown.pages[""]):
            maya.forge(form, page_hash=page_hash)
            assert maya.shows_all
            assert site.count("patients") == before

        staff.forge(form, page_hash=of_staff)
        assert site.count("patients") == before + 1


OTHER_MESSAGES: dict[str, Callable[[BackMsg], Any]] = {
    "no kind": lambda _: None,
    "clear the cache": lambda m: setattr(m, "clear_cache", True),
    "disconnect": lambda m: setattr(m, "debug_disconnect_websocket", True),
    "shut down": lambda m: setattr(m, "debug_shutdown_runtime", True),
    "an unknown fragment": lambda m: setattr(
        m.rerun_script, "fragment_id", "x" * 10**6
    ),
    "an unknown page": lambda m: setattr(m.rerun_script, "page_script_hash", NAME),
    "an unknown operation": lambda m: setattr(
        m.backend_operation_request, "request_id", "x" * 10**6
    ),
    "a long query": lambda m: setattr(m.rerun_script, "query_string", "a=b&" * 9_000),
}


@pytest.mark.parametrize("forge", OTHER_MESSAGES.values(), ids=OTHER_MESSAGES)
def test_any_other_message_leaves_a_short_line_at_most(
    site: WholeSite, forge: Callable[[BackMsg], Any]
):
    message = BackMsg()
    forge(message)
    with site.signed_in(Role.PATIENT) as maya:
        before = len(site.lines())
        maya.post(message.SerializeToString())
        maya.run()
        lines = [x for x in site.lines()[before:] if x["event"] != "request"]

        assert maya.shows_all

    assert len(lines) <= 1
    assert len(str(lines)) < 20_000


def test_what_is_chosen_after_nothing_was_counts():
    state = SessionState()
    choice = WidgetMetadata(
        "choice",
        deserializer=lambda value: value,
        serializer=str,
        value_type="string_value",
        formatted_options=[CHOSEN],
    )
    forged_values._look_and_register(state, choice, None)

    for sent in (
        WidgetState(id="choice"),
        WidgetState(id="choice", string_value=CHOSEN),
    ):
        forged_values._set_and_look(state, WidgetStates(widgets=[sent]))
        # The read is what makes Streamlit drop the widget's values.
        seen = state._new_widget_state["choice"]

    assert seen == CHOSEN


def test_a_whole_number_counts_for_a_field_that_takes_any():
    state = SessionState()
    field = WidgetMetadata(
        "years",
        deserializer=lambda value: int(value or 0),
        serializer=float,
        value_type="double_value",
    )
    forged_values._look_and_register(state, field, None)

    sent = WidgetState(id="years", int_value=7)
    forged_values._set_and_look(state, WidgetStates(widgets=[sent]))

    assert state._new_widget_state["years"] == 7
