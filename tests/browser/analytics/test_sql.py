"""A query is typed in a monospaced font, as programs are."""

import pytest

from services.core.actors import Role
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

_WIDTH_OF = """(field, text) => {
    const pen = document.createElement("canvas").getContext("2d")
    pen.font = getComputedStyle(field).font
    return pen.measureText(text).width
}"""


def test_letters_of_a_query_stand_below_each_other(site: Site):
    with site.lend(Role.ANALYST, at="/sql") as page:
        field = ready(page).get_by_role("textbox", name="Query")

        assert field.evaluate(_WIDTH_OF, "iiii") == field.evaluate(_WIDTH_OF, "WWWW")
