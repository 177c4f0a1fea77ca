"""Expectations that wait first report what Playwright's own do, at the same time."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

_PAGE = """<h1>List</h1><p>One</p><p>Two</p>
<button style="visibility: hidden">Gone</button>
<script>
    const put = (text, after) => setTimeout(() => {
        document.body.append(Object.assign(document.createElement("h2"), {
            textContent: text,
        }))
    }, after)
    put("Late", 300)
    setTimeout(() => document.querySelector("h1").remove(), 600)
</script>"""
_MILLISECONDS = 500


@pytest.fixture
def shown(site: Site, page: Page) -> Page:
    """A page whose title disappears and which gets something new below it."""
    # A page of Chartroom has a policy that would not let the script run.
    page.goto("about:blank")
    page.set_content(_PAGE)
    return page


def test_what_comes_goes_or_is_not_there_is_waited_for(shown: Page):
    title, late = shown.get_by_role("heading", level=1), shown.get_by_text("Late")
    gone = shown.get_by_text("Gone")

    expect(gone).not_to_be_visible()
    expect(gone).to_be_attached()
    expect(shown.get_by_text("Nobody")).to_be_hidden()
    expect(shown.get_by_text("Nobody")).not_to_be_attached()
    expect(shown.get_by_text("Nobody")).not_to_be_in_viewport()
    expect(late).to_be_visible()
    expect(late).to_have_text("Late")
    expect(title).to_have_count(0)
    expect(title).to_be_hidden()
    expect(shown.locator("p")).to_have_text(["One", "Two"])


@pytest.mark.parametrize(
    ("text", "expected", "values", "said"),
    [
        ("Nobody", "to_be_visible", (), r"element\(s\) not found"),
        ("Nobody", "to_have_text", ("Somebody",), r"element\(s\) not found"),
        ("Gone", "to_be_visible", (), "Actual value: hidden"),
        ("Two", "to_be_hidden", (), "Actual value: visible"),
        ("Two", "not_to_be_visible", (), "Actual value: visible"),
        ("Two", "to_have_text", ("One",), "Actual value: Two"),
    ],
)
def test_a_failure_shows_what_was_there_instead(
    shown: Page, text: str, expected: str, values: tuple[str, ...], said: str
):
    expectation = getattr(expect(shown.get_by_text(text)), expected)

    with pytest.raises(AssertionError, match=said) as failure:
        expectation(*values, timeout=_MILLISECONDS)

    assert "Aria snapshot:" in str(failure.value)


def test_one_of_several_is_no_answer(shown: Page):
    with pytest.raises(AssertionError, match="strict mode violation"):
        expect(shown.locator("p")).to_be_visible()
