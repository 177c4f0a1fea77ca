"""Takes the guide's pictures again, of a demo clinic that has just been started.

    script/server --data DIR --port 8511
    python .ci/take_pictures.py http://localhost:8511

Each is a screen as its reader sees it; docs/images has them with 256 colours. Look at
them before they are committed.
"""

import io
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    sync_playwright,
)

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser.conftest import CHROMIUM_FLAGS, find_chromium, ready

IMAGES: Final = Path(__file__).parents[1] / "docs/images"
# The tour would cover the first page.
_KNOWS_THE_WAY: Final = 'localStorage.setItem("chartroom.tour", "never")'
_ROSA, _AMARA, _JONAS = "Rosa Lindqvist", "Dr. Amara Okafor", "Jonas Weber"
_INES, _MAYA = "Ines Carvalho", "Maya Brandt"
_MAX_KILOBYTES: Final = 150
_ATTEMPTS: Final = 5
_PATIENCE_MS: Final = 3000
_IS_ANOTHER: Final = """before => {
  const title = document.querySelector("h1")?.innerText
  return title && title !== before
}"""


@dataclass(frozen=True)
class Picture:
    """A page, the person who sees it, and the steps before the picture is taken."""

    name: str
    who: str
    address: str
    then: Callable[[Page], object] = lambda _page: None
    scheme: str = "light"
    width: int = 1440
    height: int = 900


def _open(page: Page, role: Literal["button", "link"], name: str = "") -> None:
    """Click the element of this name, or the table's first link; wait for its page."""
    rows = page.locator("[data-row] th a")
    before = page.locator("h1").inner_text()
    (page.get_by_role(role, name=name).first if name else rows.first).click()
    page.wait_for_function(_IS_ANOTHER, arg=before)


def _open_maya(page: Page) -> None:
    page.get_by_label("Search patients").fill("brandt maya")
    page.keyboard.press("Enter")
    _open(page, "link", "Brandt, Maya")


def _save(page: Page, **values: str) -> None:
    """Type values into the record that is edited, and save it."""
    for field, value in values.items():
        page.get_by_label(field.replace("_", " ").capitalize(), exact=True).fill(value)
        page.keyboard.press("Tab")
    ready(page)
    page.get_by_role("button", name="Save changes").click()


def _edit(page: Page) -> None:
    ready(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("button", name="Save changes").wait_for()
    ready(page)


def _edit_too_late(page: Page) -> None:
    """Save a record that a colleague has changed since it was opened."""
    _open(page, "link")
    address = page.url
    _edit(page)
    colleague = page.context.new_page()
    colleague.goto(address)
    _edit(colleague)
    _save(colleague, phone_number="01632960876", address="102 Myers Street, Damian")
    colleague.get_by_role("button", name="Edit", exact=True).wait_for()
    colleague.close()
    _save(page, phone_number="01632165181", address="5 Harbour Lane, Damian")
    page.get_by_text("Somebody else changed this record").wait_for()


def _choose(page: Page, label: str, number: int, text: str) -> None:
    option = page.get_by_role("option", name=text, exact=True).first
    # A list that is opened while the page is still being drawn is closed again.
    for _ in range(_ATTEMPTS):
        page.get_by_role("combobox", name=label, exact=True).nth(number).click()
        # While its list is open, no other field is in the accessibility tree.
        page.keyboard.press("Control+a")
        page.keyboard.type(text)
        with suppress(Error):
            option.wait_for(timeout=_PATIENCE_MS)
            break
        page.keyboard.press("Escape")
    # By keyboard: the list is drawn anew while it narrows, under any click.
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    ready(page)


def _filter(page: Page) -> None:
    """Filter for patients who were born after 1980 and are allergic to penicillin."""
    page.get_by_text("Filters and order").click()
    for _ in range(2):
        count = page.get_by_role("combobox", name="Field", exact=True).count()
        page.get_by_role("button", name="Add filter").click()
        page.get_by_role("combobox", name="Field", exact=True).nth(count).wait_for()
        ready(page)
    _choose(page, "Field", 0, "Date of birth")
    _choose(page, "Comparison", 0, "is after")
    page.get_by_label("Value", exact=True).first.fill("1980")
    _choose(page, "Field", 1, "Allergies")
    _choose(page, "Value", 0, "Penicillin")
    page.get_by_role("button", name="Show patients").click()
    page.get_by_text("born after").wait_for()


def _filter_and_close(page: Page) -> None:
    _filter(page)
    ready(page)
    page.get_by_text("Filters and order").click()


def _read_document(page: Page) -> None:
    page.get_by_placeholder("Words").fill("discharge")
    page.keyboard.press("Enter")
    page.get_by_text("matching “discharge”").first.wait_for()
    ready(page)
    page.locator("[data-row] a").first.wait_for()
    _open(page, "link")


def _name_no_folder(page: Page) -> None:
    """Make the page name a server's folder, instead of one of this machine."""
    said = page.get_by_text("They are in ").locator("visible=true").first
    said.evaluate("""said => {
      const texts = document.createTreeWalker(said, NodeFilter.SHOW_TEXT)
      while (texts.nextNode()) {
        const { currentNode: text } = texts
        text.data = text.data.replace(/\\S+\\/backups/, "/srv/chartroom/backups")
      }
    }""")


PICTURES: Final = (
    Picture("home", _ROSA, "/"),
    Picture("home-clinician", _AMARA, "/"),
    Picture("home-admin", _INES, "/", scheme="dark"),
    Picture("home-analyst", _JONAS, "/"),
    Picture("home-patient", _MAYA, "/", width=390, height=844),
    Picture("patients", _ROSA, "/patients", _filter_and_close),
    Picture("filters", _ROSA, "/patients", _filter),
    Picture("patient", _AMARA, "/patients", _open_maya),
    Picture("calendar", _ROSA, "/calendar"),
    Picture("desk", _ROSA, "/desk"),
    Picture("visit", _AMARA, "/", lambda page: _open(page, "button", "Open the visit")),
    Picture("documents", _ROSA, "/documents"),
    Picture("document", _ROSA, "/documents", _read_document),
    Picture("replication", _INES, "/replication", height=1100),
    Picture("statistics", _INES, "/statistics"),
    Picture("backups", _INES, "/backups", _name_no_folder),
    Picture("audit", _INES, "/audit"),
    # It changes a record, so it comes last.
    Picture("stale-edit", _ROSA, "/patients", _edit_too_late, height=640),
)


def main(address: str, *names: str) -> None:
    """Take the pictures of these names, or all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=CHROMIUM_FLAGS
        )
        for picture in PICTURES:
            if not names or picture.name in names:
                print(f"{picture.name}: {_take(browser, address, picture)} kB")
        browser.close()


def _take(browser: Browser, address: str, picture: Picture) -> int:
    context = browser.new_context(
        base_url=address,
        color_scheme="dark" if picture.scheme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": picture.width, "height": picture.height},
    )
    context.set_default_timeout(60_000)
    context.add_init_script(_KNOWS_THE_WAY)
    _sign_in(context, address, picture.who)
    page = context.new_page()
    page.goto(picture.address)
    page.get_by_role("heading", level=1).wait_for()
    ready(page)
    picture.then(page)
    _settle(page)
    shot = page.screenshot()
    context.close()
    return _keep(picture.name, shot)


def _sign_in(context: BrowserContext, address: str, name: str) -> None:
    ask = context.request.get("/sign-in").text()
    email = re.search(rf'value="([^"]+)"[^>]*>\s*<[^>]+>{name}<', ask)
    if email is None:
        raise SystemExit(f"The demo offers nobody of the name {name}.")
    here = {"Origin": address}
    form = {"email": email[1], "next": "/"}
    text = context.request.post("/sign-in", form=form, headers=here).text()
    code = re.search(r'class="digits">(\d{6})<', text)
    if code is None:
        raise SystemExit("No code is shown: is it a demo?")
    context.request.post("/sign-in/code", form={"code": code[1]}, headers=here)


def _settle(page: Page) -> None:
    """Wait until everything is drawn, and remove the focus ring."""
    ready(page)
    page.mouse.move(0, 0)
    # Charts and pictures come after the run that they belong to.
    page.wait_for_timeout(4000)
    page.evaluate("document.activeElement?.blur(); getSelection().removeAllRanges()")
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    page.wait_for_timeout(200)


def _keep(name: str, shot: bytes) -> int:
    """Write the picture with 256 colours; return its size in kilobytes."""
    with Image.open(io.BytesIO(shot)) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    path = IMAGES / f"{name}.png"
    small.save(path, optimize=True)
    kilobytes = path.stat().st_size // 1000
    if kilobytes > _MAX_KILOBYTES:
        raise SystemExit(f"{name} has {kilobytes} kB: show less of it.")
    return kilobytes


if __name__ == "__main__":
    main(*sys.argv[1:])
