"""The parameters of a search, and the searchset that answers it."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import Headers

from api.core.dependencies import Caller
from api.core.outcomes import outcome
from api.fhir.definitions import (
    Include,
    PageWanted,
    Resource,
    ResourceType,
    SearchPage,
    Wanted,
)
from db.files.file_keys import KeyUnknown, SealBroken
from services.core.errors import InvalidInput
from services.core.typed_text import is_storable
from services.lists.criteria import Direction, Order

COUNT, SORT, TOTAL, FORMAT, PAGE = "_count", "_sort", "_total", "_format", "_page"
SUMMARY, INCLUDE, REVINCLUDE = "_summary", "_include", "_revinclude"
# How the answer is to be written, which changes nothing about what is found (`_pretty`
# is for people, and no answer is), and where a client states what it has seen, apart
# from the header (see `lsn_seen_by`).
BESIDE: Final = frozenset({FORMAT, "_pretty", "after_lsn"})
# Parameters that every search understands in addition to those of its type.
OF_ALL: Final = (COUNT, SORT, TOTAL, SUMMARY, INCLUDE, REVINCLUDE)
_USUAL_SIZE: Final = 20
_MAX_SIZE: Final = 1_000
_MOST_DIGITS: Final = 9
_UNESCAPED_COMMA: Final = re.compile(r"(?<!\\),")
_ESCAPED: Final = re.compile(r"\\([\\,|$])")
_LENIENT: Final = re.compile(r"\bhandling\s*=\s*lenient\b", re.IGNORECASE)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FhirSearch:
    """A search as it was understood; `ignored` are the unknown parameters.

    `total` was counted with the first page, and is repeated with later ones. `includes`
    find the resources to return with those that were found.
    """

    pairs: Pairs
    wanted: Wanted
    size: int
    is_counted: bool
    ignored: tuple[str, ...]
    includes: tuple[Include, ...]
    after: str | None = None
    total: int | None = None

    def page(self, now: Any) -> PageWanted:
        """Return the page that is asked for; only the first one is counted."""
        is_counted = self.is_counted and self.after is None
        return PageWanted(self.size, self.after, is_counted, now)


def is_lenient(headers: Headers) -> bool:
    """Return whether unknown parameters are to be ignored (`Prefer`)."""
    return any(map(_LENIENT.search, headers.getlist("prefer")))


def read_search(
    kind: ResourceType, caller: Caller, pairs: Pairs, *, lenient: bool = False
) -> FhirSearch:
    """Read a search by the parameters of its type; raises InvalidInput."""
    search_pairs = [(name, value) for name, value in pairs if name not in BESIDE]
    wanted, ignored = Wanted(caller), []
    used: list[tuple[str, str]] = []
    given: dict[str, str] = {}
    offered = includes_of(kind)
    includes: dict[tuple[str, str], Include] = {}
    for name, value in search_pairs:
        parameter = kind.parameter(name)
        if parameter is None and not _is_of_all(offered, name, value):
            if not lenient:
                raise _unknown(kind, name)
            ignored.append(name[:40])
        # As FHIR defines it, a parameter without a value has no effect.
        elif value:
            used.append((name, value))
            if parameter is not None:
                wanted = parameter.narrow(wanted, _values(name, value))
            elif name in offered:
                includes[name, value] = offered[name][value]
            elif name in given:
                raise InvalidInput(name, f"{name} is given more than once.")
            else:
                given[name] = value
    if SORT in given:
        wanted = _sorted(kind, wanted, given[SORT])
    size, is_counted = read_count(given.get(COUNT)), _is_counted(given.get(TOTAL))
    if _is_summary(given.get(SUMMARY)):
        size, is_counted = 0, True
    passed_over, including = tuple(ignored), tuple(includes.values())
    return FhirSearch(used, wanted, size, is_counted, passed_over, including)


Includes = Mapping[str, Mapping[str, Include]]


def includes_of(kind: ResourceType) -> Includes:
    """Return the includes that a search of the type offers, by parameter and value."""
    offered = {INCLUDE: kind.includes, REVINCLUDE: kind.revincludes}
    return {name: includes for name, includes in offered.items() if includes}


def _is_of_all(offered: Includes, name: str, value: str) -> bool:
    """Return whether every search understands it or, for includes, this type's does."""
    if name in {INCLUDE, REVINCLUDE}:
        return name in offered and (not value or value in offered[name])
    return name in OF_ALL


def _unknown(kind: ResourceType, name: str) -> InvalidInput:
    offered = includes_of(kind)
    if name in offered:
        return InvalidInput(name, f"{name} must be {' or '.join(offered[name])}.")
    names = [parameter.name for parameter in kind.parameters]
    known = ", ".join([*names, COUNT, SORT, TOTAL, SUMMARY, *offered])
    return InvalidInput(
        name[:40],
        f'{kind.name} has no search parameter "{name[:40]}". Supported: {known}. '
        'With "Prefer: handling=lenient", unknown parameters are ignored.',
    )


def _values(name: str, value: str) -> list[str]:
    """Return the comma-separated values of which one must match."""
    if not is_storable(value):
        raise InvalidInput(name, f"{name} contains a character that cannot be stored.")
    parts = _UNESCAPED_COMMA.split(value)
    # Every text begins with an empty one: a comma too many would find everybody.
    if not value.strip():
        raise InvalidInput(name, f"{name} has nothing but spaces as its value.")
    if not all(part.strip() for part in parts):
        raise InvalidInput(name, f"{name} contains an empty value beside a comma.")
    return [_ESCAPED.sub(r"\1", part) for part in parts]


def _sorted(kind: ResourceType, wanted: Wanted, value: str) -> Wanted:
    orders = []
    for typed in value.split(","):
        field = kind.sorts.get(typed.removeprefix("-"))
        if field is None:
            known = ", ".join(kind.sorts) or "nothing"
            raise InvalidInput(SORT, f"{kind.name} can be sorted by {known}.")
        down = typed.startswith("-")
        orders.append(Order(field, Direction.DESC if down else Direction.ASC))
    criteria = replace(wanted.criteria, orders=tuple(orders))
    return replace(wanted, criteria=criteria)


def read_count(value: str | None) -> int:
    """Return the page size that is asked for; raises InvalidInput."""
    if value is None:
        return _USUAL_SIZE
    if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS):
        raise InvalidInput(
            COUNT, "_count must be a number; a page has at most 1,000 resources."
        )
    return min(int(value), _MAX_SIZE)


def _is_counted(value: str | None) -> bool:
    if value not in {None, "none", "estimate", "accurate"}:
        raise InvalidInput(TOTAL, "_total must be none, estimate or accurate.")
    return value != "none"


def _is_summary(value: str | None) -> bool:
    """Return whether only the number of matches is asked for."""
    if value not in {None, "false", "count"}:
        raise InvalidInput(SUMMARY, "_summary must be count or false.")
    return value == "count"


class PageLinks:
    """Addresses of further pages that do not reveal what was searched for.

    The search is sealed with the keys of the clinic's files, for the caller alone.
    """

    def __init__(self, kind: ResourceType, caller: Caller) -> None:
        self._keys = caller.stores.files.keys
        self._kind = kind
        self._caller = caller
        self._purpose = f"fhir page {kind.name} {caller.actor.id}"

    def seal(self, search: FhirSearch, page: SearchPage) -> str:
        """Return the text that represents the next page in an address."""
        total = page.total if search.after is None else search.total
        content = [list(search.pairs), page.next, total]
        sealed = self._keys.seal(json.dumps(content).encode(), self._purpose)
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str) -> FhirSearch:
        """Return the search that the text continues; raises InvalidInput."""
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            content = self._keys.unseal(sealed, self._purpose)
        except (ValueError, NotBase64, KeyUnknown, SealBroken) as error:
            raise InvalidInput(
                PAGE,
                "This page link is not valid for you, or no longer valid. "
                "Start again at the first page.",
            ) from error
        pairs, after, total = json.loads(content)
        known = [(name, value) for name, value in pairs]
        search = read_search(self._kind, self._caller, known)
        return replace(search, after=after, total=total)


def page_text(pairs: Pairs) -> str | None:
    """Return the text that represents a further page, if one is asked for."""
    search_pairs = [(name, value) for name, value in pairs if name not in BESIDE]
    pages = [value for name, value in search_pairs if name == PAGE]
    if not pages:
        return None
    if len(search_pairs) > 1:
        raise InvalidInput(
            PAGE,
            "_page cannot be combined with other parameters: follow the link "
            "unchanged.",
        )
    return pages[0]


def searchset(
    base: str,
    kind: ResourceType,
    search: FhirSearch,
    page: SearchPage,
    links: PageLinks,
) -> dict[str, Any]:
    """Return the Bundle of a page: its links, its total if known, its resources."""
    address = f"{base}/{kind.name}"
    query = urlencode(search.pairs)
    link = [{"relation": "self", "url": f"{address}?{query}" if query else address}]
    if page.next and search.size:
        next_ = urlencode({PAGE: links.seal(search, page)})
        link.append({"relation": "next", "url": f"{address}?{next_}"})
    total = page.total if search.after is None else search.total
    entries = list(entries_of(address, page.resources)) if search.size else []
    entries += _included(base, page)
    if search.ignored:
        entries.append(_passed_over(search.ignored))
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        **({} if total is None else {"total": total}),
        "link": link,
        **({"entry": entries} if entries else {}),
    }


def entries_of(address: str, resources: Sequence[Resource]) -> Iterable[dict[str, Any]]:
    """Yield the entries of a searchset for these resources."""
    for resource in resources:
        yield {
            "fullUrl": f"{address}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }


def _included(base: str, page: SearchPage) -> Iterator[dict[str, Any]]:
    """Yield the entries of included resources, each once."""
    places = {_place(resource) for resource in page.resources}
    for resource in page.included:
        place = _place(resource)
        if place not in places:
            places.add(place)
            yield {
                "fullUrl": f"{base}/{place}",
                "resource": resource,
                "search": {"mode": "include"},
            }


def _place(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _passed_over(names: Sequence[str]) -> dict[str, Any]:
    sentences = [f'The search parameter "{name}" was ignored.' for name in names]
    warning = outcome(sentences, code="not-supported", severity="warning")
    return {"resource": warning, "search": {"mode": "outcome"}}
