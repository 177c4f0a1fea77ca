"""axe-core in a page that is looked at: what it objects to.

It is the script of its package, with what took two thirds of a look done once. For each
text axe asks for the colours of all that lies below it: tens of thousands on a page, of
which a dozen differ, each read from its text anew. And it is built for browsers without
private fields: each number of each colour is an entry in a WeakMap, which costs much to
find and more to clear away.
"""

from collections.abc import Sequence

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TAGS = [*WCAG, "best-practice"]
# All rules that ask for colours; in another scheme nothing else has changed.
COLOURS = ["color-contrast", "link-in-text-block"]
# Of the rules of best practice two are broken by Streamlit itself: its uploader has a
# role and a label, and what opens over a page hangs outside of all landmarks.
OF_STREAMLIT = ["presentation-role-conflict", "region"]

# What belongs to an object stands on it; a page's own elements are left as they are.
_MAPS = """(() => {
    const Weak = WeakMap
    class Own {
        key = Symbol()
        elements = new Weak()
        has(of) {
            return of instanceof Node ? this.elements.has(of) : this.key in of
        }
        get(of) {
            return of instanceof Node ? this.elements.get(of) : of[this.key]
        }
        set(of, value) {
            if (of instanceof Node) this.elements.set(of, value)
            else of[this.key] = value
            return this
        }
        add(of) {
            return this.set(of, true)
        }
    }
    return [Own, Own]
})()"""
_COLOURS_READ_ONCE = """(() => {
    const {Color} = axe.commons.color
    const parse = Color.prototype.parseString
    const read = new Map()
    Color.prototype.parseString = function (text) {
        if (!read.has(text)) read.set(text, parse.call(new Color(0, 0, 0), text))
        const {r, g, b, alpha} = read.get(text)
        return Object.assign(this, {r, g, b, alpha})
    }
})()"""
_SCRIPT = f"((WeakMap, WeakSet) => {{{AXE_SCRIPT}}})(...{_MAPS});{_COLOURS_READ_ONCE}"
# No rule of these reads style sheets, and nobody reads where a violation is.
_LOOK = """([type, values, without, within]) => axe
    .run(within === null ? document : {include: [[within]]}, {
        ...(values && {runOnly: {type, values}}),
        rules: Object.fromEntries(without.map(rule => [rule, {enabled: false}])),
        resultTypes: ["violations"],
        selectors: false,
        preload: {assets: ["media"]},
    })
    .then(found => found.violations.flatMap(({id, nodes}) => nodes.map(
        ({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)))
"""


def problems(
    page: Page,
    *,
    tags: Sequence[str] = (),
    rules: Sequence[str] = (),
    without: Sequence[str] = (),
    within: str | None = None,
) -> list[str]:
    """Return what axe objects to, each with its rule, its element and what to do.

    By the rules with one of these tags, or by these rules alone; without either, by
    all that are not experimental. Perhaps only within the parts of a selector.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    only = ("rule", rules) if rules else ("tag", tags or None)
    violations: list[str] = page.evaluate(_LOOK, [*only, without, within])
    return violations
