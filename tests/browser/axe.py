"""Runs axe-core in a page, and returns the violations.

It is the script of its package, with what took two thirds of a run done once. For each
text axe asks for the colours of everything below it: tens of thousands on a page, of
which a dozen differ, and parses each of them again. And it is built for browsers
without private fields: each number of each colour is an entry in a WeakMap, which is
slow to look up and slower to collect.
"""

from collections.abc import Sequence

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TAGS = [*WCAG, "best-practice"]
# All rules that depend on colours; a change of the scheme affects no others.
COLOURS = ["color-contrast", "link-in-text-block"]
# Streamlit itself breaks two of the rules of best practice: its uploader has both a
# role and a label, and its overlays are outside of all landmarks.
OF_STREAMLIT = ["presentation-role-conflict", "region"]

# The value for an object is kept on the object itself; a page's own elements are left
# unchanged.
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
# None of these rules reads style sheets, and the selectors of violations are not used.
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
    """Return axe's violations, each with its rule, its element and a remedy.

    Checked are the rules with one of these tags, or only these rules; without either,
    all that are not experimental. `within` limits the check to the parts that match a
    selector.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    only = ("rule", rules) if rules else ("tag", tags or None)
    violations: list[str] = page.evaluate(_LOOK, [*only, without, within])
    return violations
