"""A query is typed in a monospaced font, as programs are."""

import pytest

from services.core.actors import Role
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

# A font is fetched when it is first used; until then another one stands in for it.
_WIDTHS_OF = """async (field, texts) => {
    const pen = document.createElement("canvas").getContext("2d")
    pen.font = getComputedStyle(field).font
    await document.fonts.load(pen.font)
    return texts.map(text => pen.measureText(text).width)
}"""


def test_letters_of_a_query_stand_below_each_other(site: Site):
    with site.lend(Role.ANALYST, at="/sql") as page:
        field = ready(page).get_by_role("textbox", name="Query")
        narrow, wide = field.evaluate(_WIDTHS_OF, ["iiii", "WWWW"])

        assert narrow == wide
