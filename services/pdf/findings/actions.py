"""What a part of a PDF would have its reader do, and with which files and addresses."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from pikepdf import Array, Dictionary, Name, Stream, String

from services.pdf.report import Finding

# Harmless, and in no table: GoTo, GoTo3DView, Hide, Named, ResetForm, SetOCGState,
# Trans. Films and sounds are files inside the PDF, or files elsewhere.
_ACTIONS: Final[Mapping[str, Finding]] = MappingProxyType(
    {
        "/JavaScript": "scripts",
        "/Launch": "launch",
        "/GoToR": "other_files",
        "/SubmitForm": "form_submission",
        "/ImportData": "data_import",
    }
)
# These lead to another file, or to another place in this one.
_PERHAPS_ELSEWHERE: Final = frozenset({"/GoToE", "/Thread"})
_PATHS: Final = ("/F", "/UF", "/Unix", "/DOS", "/Mac")
# What people click on in a letter. A reader may pass any other scheme to a program.
_ORDINARY: Final = frozenset(
    ["http", "https", "ftp", "mailto", "tel", "sms", "fax", "doi", "urn"]
)
# A host can precede a colon as well, but has a dot.
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+-]*):", re.IGNORECASE)
_SCRIPT: Final = re.compile(rb"<(?:\w+:)?script\b")
_NEARLY_ALL: Final = 0.9
_MOST_LEVELS: Final = 100
_Box = tuple[float, float, float, float]
Facts = Mapping[str, object]


def of_dictionary(facts: Facts) -> Iterator[Finding]:
    """Yield what one dictionary does, without what it contains and refers to."""
    yield from _as_action(facts)
    yield from _as_script(facts)
    yield from _as_form(facts)
    if _is_filled(facts.get("/EF")):
        yield "attachments"
    if _is_media_elsewhere(facts):
        yield "external_streams"
    if any(_is_call(action) for action in _automatic(facts)) or _is_under_a_link(facts):
        yield "uri_actions"


def of_stream(facts: Dictionary) -> Iterator[Finding]:
    """Yield a finding if the stream's content is to be fetched from elsewhere."""
    reference = facts.get("/Ref")
    if _is_file(facts.get("/F")) or (
        isinstance(reference, Dictionary) and _is_file(reference.get("/F"))
    ):
        yield "external_streams"


def of_name(name: Name) -> Iterator[Finding]:
    """Yield what an action of this kind does."""
    if str(name) in _ACTIONS:
        yield _ACTIONS[str(name)]
    elif str(name) in _PERHAPS_ELSEWHERE:
        yield "other_files"


def _as_action(facts: Facts) -> Iterator[Finding]:
    kind = facts.get("/S")
    if not isinstance(kind, Name):
        return
    if str(kind) in _ACTIONS:
        yield _ACTIONS[str(kind)]
    if str(kind) in _PERHAPS_ELSEWHERE and _is_file(facts.get("/F")):
        yield "other_files"
    if kind == Name.URI and not _is_ordinary(facts.get("/URI")):
        yield "uri_actions"


def _as_script(facts: Facts) -> Iterator[Finding]:
    is_action = "/JS" in facts and facts.get("/S") is not None
    is_tree = isinstance(facts.get("/JavaScript"), Dictionary)
    # A 3D model comes with a script.
    is_model = isinstance(facts.get("/OnInstantiate"), Stream)
    # CVE-2024-4367: a browser's reader executed what is among these numbers.
    matrix = facts.get("/FontMatrix")
    is_font = isinstance(matrix, Array) and not all(map(_is_number, matrix))
    if is_action or is_tree or is_model or is_font:
        yield "scripts"


def _as_form(facts: Facts) -> Iterator[Finding]:
    """Look into the XML of an XFA form, which may contain scripts of its own."""
    packets = facts.get("/XFA")
    streams = packets if isinstance(packets, Array) else [packets]
    packed = [packet for packet in streams if isinstance(packet, Stream)]
    if packed:
        yield "xfa"
    forms = [packet.read_bytes() for packet in packed]
    # UTF-16 has a zero in every other byte; packets may be cut anywhere.
    if _SCRIPT.search(b"".join(forms).replace(b"\0", b"")):
        yield "scripts"


def _automatic(facts: Facts) -> Iterator[Dictionary]:
    """Yield the actions that need no click: on opening, showing, pointing, closing."""
    waiting = [facts.get("/OpenAction")]
    triggers = facts.get("/AA")
    if isinstance(triggers, Dictionary):
        waiting += [action for _, action in triggers.items()]
    followed = set()
    while waiting:
        action = waiting.pop()
        if isinstance(action, Array):
            waiting += [next_ for next_ in action if isinstance(next_, Dictionary)]
        elif isinstance(action, Dictionary) and action.objgen not in followed:
            if action.is_indirect:
                followed.add(action.objgen)
            yield action
            waiting.append(action.get("/Next"))


def _is_call(action: object) -> bool:
    return isinstance(action, Dictionary) and action.get("/S") == Name.URI


def _is_ordinary(address: object) -> bool:
    """Return whether an address is usual in letters, or a place in this file."""
    # Readers ignore characters that are invisible.
    seen = "".join(filter(str.isprintable, str(address))).replace(" ", "")
    scheme = _SCHEME.match(seen)
    is_known = scheme is None or scheme[1].lower() in _ORDINARY
    return is_known and not seen.startswith(("\\\\", "//"))


def _is_under_a_link(page: Facts) -> bool:
    """Return whether a click anywhere on the page leads elsewhere."""
    notes = page.get("/Annots")
    if not isinstance(notes, Array):
        return False
    links = [
        note
        for note in notes
        if isinstance(note, Dictionary) and _is_call(note.get("/A"))
    ]
    box = _box_of_page(page) if links else None
    return box is not None and any(_covers(link, box) for link in links)


def _covers(link: Dictionary, page: _Box) -> bool:
    link_box = _box(link.get("/Rect"))
    if link_box is None:
        return False
    left, bottom = max(link_box[0], page[0]), max(link_box[1], page[1])
    right, top = min(link_box[2], page[2]), min(link_box[3], page[3])
    whole = (page[2] - page[0]) * (page[3] - page[1])
    shared = max(right - left, 0) * max(top - bottom, 0)
    return shared >= _NEARLY_ALL * whole > 0


def _box_of_page(page: Facts) -> _Box | None:
    """Return the size of a page, from itself or from the page tree above it."""
    box, above = _box(page.get("/MediaBox")), page.get("/Parent")
    for _ in range(_MOST_LEVELS):
        if box is not None or not isinstance(above, Dictionary):
            break
        box, above = _box(above.get("/MediaBox")), above.get("/Parent")
    return box


def _box(corners: object) -> _Box | None:
    if not isinstance(corners, Array) or not all(map(_is_number, corners)):
        return None
    numbers = [float(number) for number in corners]
    if len(numbers) != 4:  # noqa: PLR2004 (two corners)
        return None
    left, right = sorted(numbers[::2])
    bottom, top = sorted(numbers[1::2])
    return left, bottom, right, top


def _is_media_elsewhere(facts: Facts) -> bool:
    film = facts.get("/Movie")
    return (facts.get("/S") == Name.MCD and _is_file(facts.get("/D"))) or (
        isinstance(film, Dictionary) and _is_file(film.get("/F"))
    )


def _is_file(specification: object) -> bool:
    """Return whether a file elsewhere is meant, not one inside and not none."""
    if isinstance(specification, String):
        return bool(bytes(specification))
    return (
        isinstance(specification, Dictionary)
        and not _is_filled(specification.get("/EF"))
        and any(isinstance(specification.get(path), String) for path in _PATHS)
    )


def _is_filled(value: object) -> bool:
    return isinstance(value, Dictionary) and len(value) > 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal)
