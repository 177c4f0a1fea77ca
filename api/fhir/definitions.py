"""What a type of resources says of itself: its parameters, its order, its readers."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from api.core.answers import to_json
from api.core.dependencies import Caller
from api.core.outcomes import Issue
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.fhir.bulk_exports.model import BulkSelection, BulkSource, Lines
from services.lists.criteria import Count, Criteria
from services.lists.pages import Page, Place, Row
from services.lists.streaming.line_pieces import LinePiece

Resource = dict[str, Any]
_NOBODY: Final = UUID(int=0)
What = TypeVar("What")


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter as the CapabilityStatement declares it.

    `narrow` adds to what is searched for that one of the values has to hold; it raises
    InvalidInput.
    """

    name: str
    kind: Literal["token", "string", "date", "reference"]
    documentation: str
    narrow: Callable[["Wanted", Sequence[str]], "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for: criteria of a list, or values for what is no such list.

    `exactly` is checked of every row that the criteria have found.
    """

    caller: Caller
    criteria: Criteria = field(default_factory=Criteria)
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exactly: Callable[[Any], bool] | None = None

    @property
    def actor(self) -> Actor:
        """Who searches."""
        return self.caller.actor


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Which part of what was found is asked for, and whether all is to be counted."""

    size: int
    after: str | None
    is_counted: bool
    now: datetime

    @property
    def zone(self) -> tzinfo:
        """The clinic's time zone, by which days are told apart."""
        zone = self.now.tzinfo
        assert zone is not None  # noqa: S101 (the clinic's clock has one)
        return zone


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of resources; `total` is None where it is not known exactly.

    `included` are others that are told beside them.
    """

    resources: Sequence[Resource]
    next: str | None
    total: int | None
    included: Sequence[Resource] = ()


def search_page(
    listed: Page[Row],
    page: PageWanted,
    resource_of: Callable[[Row], Resource],
    count: Callable[[], Count],
) -> SearchPage:
    """Return a page of one of the clinic's lists; it is counted if that is asked.

    The next one goes on at a place, not behind a row: rows that others write meanwhile
    go elsewhere in the list, and whoever keeps in step would miss all between.
    """
    total = None
    if page.is_counted:
        counted = count()
        total = counted.value if counted.is_exact else None
    resources = [resource_of(row) for row in listed.rows[: page.size]]
    goes_on = None if listed.place is None else json.dumps(listed.place)
    return SearchPage(resources, goes_on, total)


def place_in(after: str | None) -> Place | None:
    """Return where a page of one of the clinic's lists begins.

    Raises InvalidInput for what another version of this server has told.
    """
    if after is None:
        return None
    try:
        return tuple(json.loads(after))
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            "_page", "This page is gone; begin again at the first."
        ) from error


Read = Callable[[Session, Caller, str], Resource]
Search = Callable[[Session, Wanted, PageWanted], SearchPage]
# What refers to the resources of a page, or they refer to, and is told with them.
Include = Callable[[Session, Caller, Sequence[Resource]], Sequence[Resource]]


Arguments = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class DeletedVersion:
    """A version of which is told only that the resource was deleted, and when."""

    number: int
    at: datetime | None


Version = Resource | DeletedVersion
# All versions of one resource, the newest first, each with its number in `meta`.
History = Callable[[Session, Caller, str], Sequence[Version]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation `$name` on a type of resources; its OperationDefinition defines it.

    `parameters` says of each name what it means. One that `is_safe` changes nothing and
    is asked for by GET as well. `run` is given the caller, what was asked and the
    caller's Idempotency-Key.
    """

    on: str
    name: str
    definition: str
    documentation: str
    parameters: Mapping[str, str]
    is_safe: bool
    run: Callable[[Caller, Arguments, str | None], "OperationResult"]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What an operation has come to; `headers` say where in the log that stands."""

    resources: Sequence[Resource]
    headers: Mapping[str, str]
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOperation:
    """An operation `$name` on one resource that answers with a document.

    It changes nothing. `run` is given the caller, the address below which all of FHIR
    is, the id, and what was asked; it returns the Bundle, and headers that say where in
    the log that stands.
    """

    on: str
    name: str
    definition: str
    documentation: str
    parameters: Mapping[str, str]
    run: Callable[[Caller, str, str, Arguments], tuple[Resource, Mapping[str, str]]]


# What a service takes to keep something new.
Draft = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """How resources of a type are created, by who has the permission.

    `shape` has the elements that are understood, of which `read` makes a draft, and
    warnings if the sender is lenient. It and `create` raise InvalidResource.
    `take_turn` keeps others from creating one until the transaction ends.
    `look_alikes` warns of what may be the same.
    """

    permission: Permission
    shape: Mapping[str, Any]
    read: Callable[[Resource, date, bool], tuple[Draft, list[Issue]]]
    create: Callable[[Session, Caller, Resource, Draft, UUID | None], Resource]
    take_turn: Callable[[Session], None]
    look_alikes: Callable[[Session, Caller, Draft], Sequence[Issue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """`$export` as it is asked for somewhere, of the whole clinic or of patients.

    `id` is that of its OperationDefinition, which refines `base`.
    """

    id: str
    base: str
    documentation: str
    of_patients: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A type of resources that is served.

    `sorts` names the fields of the list behind each value of `_sort`. `includes` has
    what each value of `_include` adds, `revincludes` of `_revinclude`. Where it has no
    `read`, its route is its own. `bulk` is how all of its resources are exported,
    `bulk_operation` how that is asked.
    """

    name: str
    documentation: str
    read: Read | None = None
    search: Search | None = None
    parameters: tuple[SearchParameter, ...] = ()
    sorts: Mapping[str, str] = field(default_factory=dict)
    includes: Mapping[str, Include] = field(default_factory=dict)
    revincludes: Mapping[str, Include] = field(default_factory=dict)
    is_versioned: bool = True
    operations: tuple[Operation, ...] = ()
    documents: tuple[DocumentOperation, ...] = ()
    creation: Creation | None = None
    history: History | None = None
    bulk: BulkSource | None = None
    bulk_operation: BulkOperation | None = None

    def parameter(self, name: str) -> SearchParameter | None:
        """Return the search parameter of this name, if there is one."""
        return next(
            (parameter for parameter in self.parameters if parameter.name == name), None
        )


def bulk_source(
    stream: Callable[[Session, Actor, BulkSelection], Iterable[Sequence[What]]],
    describe: Callable[[Session, Sequence[What]], Iterable[Resource]],
    permission_of: Callable[[Actor], Permission],
    *,
    is_of_patients: bool = True,
) -> BulkSource:
    """Return how all resources of a type are exported: as they are read one by one."""

    def read(session: Session, actor: Actor, selection: BulkSelection) -> Lines:
        return _lines(session, stream(session, actor, selection), describe)

    return BulkSource(permission_of, read, is_of_patients)


def _lines(
    session: Session,
    pieces: Iterable[Sequence[What]],
    describe: Callable[[Session, Sequence[What]], Iterable[Resource]],
) -> Lines:
    for records in pieces:
        resources = [to_json(each) + b"\n" for each in describe(session, records)]
        yield LinePiece(b"".join(resources), len(resources))


def page_of(
    rows: Sequence[What],
    describe: Callable[[What], Resource],
    page: PageWanted,
) -> SearchPage:
    """Return a page of rows that are all at hand, in the order of their ids."""
    resources = sorted(map(describe, rows), key=lambda resource: str(resource["id"]))
    behind = [
        resource
        for resource in resources
        if page.after is None or resource["id"] > page.after
    ]
    shown = behind[: page.size]
    goes_on = shown and len(behind) > len(shown)
    return SearchPage(shown, shown[-1]["id"] if goes_on else None, len(resources))


def uuid_of(text: str) -> UUID:
    """Return the id that a text is; one that nothing has, if it is none.

    Ids are told apart to the letter: a resource has one address, and not also those in
    capitals, in braces or as a URN.
    """
    try:
        id_ = UUID(text)
    except ValueError:
        return _NOBODY
    return id_ if str(id_) == text else _NOBODY


def meta(version: int | None, updated_at: datetime | None, **more: Any) -> Resource:
    """Return what is told of a resource itself, as far as it is known."""
    elements = {
        "versionId": None if version is None else str(version),
        "lastUpdated": None if updated_at is None else instant(updated_at),
    }
    return without_empty(elements | more)


def instant(timestamp: datetime) -> str:
    """Return a moment as FHIR writes it."""
    return timestamp.isoformat(timespec="microseconds")


def without_empty(resource: Resource) -> Resource:
    """Return it without what is not known: FHIR has no null and nothing empty."""
    # What is true is asked first: an export asks this of millions.
    return {
        name: value
        for name, value in resource.items()
        if value or value is False or value == 0
    }


def concept(text: str, *codings: Mapping[str, str]) -> Resource:
    """Return a CodeableConcept: the clinic's words, and codes for the same."""
    return without_empty({"coding": [dict(code) for code in codings], "text": text})


def elements_at(resource: Resource, path: Sequence[str]) -> Sequence[Resource]:
    """Return the elements that stand there, through lists as if they were not there."""
    elements: list[Resource] = [resource]
    for name in path:
        under = [element[name] for element in elements if name in element]
        elements = [
            element
            for value in under
            for element in (value if isinstance(value, list) else [value])
        ]
    return elements


def coding(system: str, code: str) -> Resource:
    """Return a code of a system."""
    return {"system": system, "code": code}
