"""The description of a resource type: its parameters, its sort orders, its readers."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, Final, Literal, TypeVar
from uuid import UUID, uuid4

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
# Drawn by each process, since callers may choose the ids of what they register: some
# send the nil UUID, and would be found wherever nobody is meant.
_NOBODY: Final = uuid4()
What = TypeVar("What")


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter as the CapabilityStatement declares it.

    `narrow` adds the condition that one of the values must match to the search; it
    raises InvalidInput.
    """

    name: str
    kind: Literal["token", "string", "date", "reference"]
    documentation: str
    narrow: Callable[["Wanted", Sequence[str]], "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The conditions of a search: criteria of a list, or values where it is none."""

    caller: Caller
    criteria: Criteria = field(default_factory=Criteria)
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """The actor who searches."""
        return self.caller.actor


@dataclass(frozen=True, slots=True)
class PageWanted:
    """The part of a result that is asked for, and whether to count the total."""

    size: int
    after: str | None
    is_counted: bool
    now: datetime

    @property
    def zone(self) -> tzinfo:
        """The clinic's time zone, which decides where days begin."""
        zone = self.now.tzinfo
        assert zone is not None  # noqa: S101 (the clinic's clock has one)
        return zone


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of resources; `total` is None where it is not known exactly.

    `included` are further resources to return with them.
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
    """Return a page of one of the clinic's lists, counted if the total is asked for.

    The next page continues at a position, not after a row: rows that others change
    meanwhile move to another place in the list, and a client that synchronises would
    miss all in between.
    """
    total = None
    if page.is_counted:
        counted = count()
        total = counted.value if counted.is_exact else None
    resources = [resource_of(row) for row in listed.rows[: page.size]]
    goes_on = None if listed.place is None else json.dumps(listed.place)
    return SearchPage(resources, goes_on, total)


def place_in(after: str | None) -> Place | None:
    """Return the position where a page of one of the clinic's lists begins.

    Raises InvalidInput for a position that another version of this server has issued.
    """
    if after is None:
        return None
    try:
        return tuple(json.loads(after))
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            "_page", "This page link is no longer valid. Start again at the first page."
        ) from error


Read = Callable[[Session, Caller, str], Resource]
Search = Callable[[Session, Wanted, PageWanted], SearchPage]
# Returns resources to include in a page: referring to its own, or referred to by them.
Include = Callable[[Session, Caller, Sequence[Resource]], Sequence[Resource]]


Arguments = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class DeletedVersion:
    """A version of which only its number and the time of the deletion are shown."""

    number: int
    at: datetime | None


Version = Resource | DeletedVersion
# All versions of one resource, the newest first, each with its number in `meta`.
History = Callable[[Session, Caller, str], Sequence[Version]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation `$name` on a type of resources; its OperationDefinition defines it.

    `parameters` describes each parameter. An operation that `is_safe` changes nothing
    and can be invoked by GET as well. `run` is called with the caller, the arguments
    and the caller's Idempotency-Key.
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
    """The result of an operation; `headers` have its position in the log."""

    resources: Sequence[Resource]
    headers: Mapping[str, str]
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOperation:
    """An operation `$name` on one resource that answers with a document.

    It changes nothing. `run` is called with the caller, the base URL of FHIR, the id,
    and the arguments; it returns the Bundle, and headers with its position in the log.
    """

    on: str
    name: str
    definition: str
    documentation: str
    parameters: Mapping[str, str]
    run: Callable[[Caller, str, str, Arguments], tuple[Resource, Mapping[str, str]]]


# The services' form of something new that is to be stored.
Draft = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """How resources of a type are created, by callers with the permission.

    `shape` has the elements that are understood; `read` makes a draft of them, with
    warnings if the sender is lenient. It and `create` raise InvalidResource.
    `take_turn` keeps others from creating one until the transaction ends. `look_alikes`
    warns of possible duplicates.
    """

    permission: Permission
    shape: Mapping[str, Any]
    read: Callable[[Resource, date, bool], tuple[Draft, list[Issue]]]
    create: Callable[[Session, Caller, Resource, Draft, UUID | None], Resource]
    take_turn: Callable[[Session], None]
    look_alikes: Callable[[Session, Caller, Draft], Sequence[Issue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """`$export` of the whole clinic, of all patients, or of a group.

    `id` is that of its OperationDefinition, which refines `base`.
    """

    id: str
    base: str
    documentation: str
    of_patients: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A type of resources that is served.

    `sorts` has the field of the list for each value of `_sort`. `includes` has the
    resources added by each value of `_include`, `revincludes` those of `_revinclude`. A
    type without `read` has a route of its own. `bulk` exports all of its resources, and
    `bulk_operation` is the operation that starts it.
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
    """Return the export of a type whose resources are described as in a single read."""

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
    """Return a page of rows that are all in memory, in the order of their ids."""
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
    """Return the id in a text; an id that no row has if the text is not one.

    Ids are compared exactly: a resource has one address, and not also one in capitals,
    in braces or as a URN.
    """
    try:
        id_ = UUID(text)
    except ValueError:
        return _NOBODY
    return id_ if str(id_) == text else _NOBODY


def meta(version: int | None, updated_at: datetime | None, **more: Any) -> Resource:
    """Return the `meta` of a resource, as far as it is known."""
    elements = {
        "versionId": None if version is None else str(version),
        "lastUpdated": None if updated_at is None else instant(updated_at),
    }
    return without_empty(elements | more)


def instant(timestamp: datetime) -> str:
    """Return a time as FHIR writes it."""
    return timestamp.isoformat(timespec="microseconds")


def without_empty(resource: Resource) -> Resource:
    """Return the resource without unknown values: FHIR has no null, nothing empty."""
    # The commonest case is tested first: an export runs this millions of times.
    return {
        name: value
        for name, value in resource.items()
        if value or value is False or value == 0
    }


def concept(text: str, *codings: Mapping[str, str]) -> Resource:
    """Return a CodeableConcept with the clinic's text, and codes that mean it."""
    return without_empty({"coding": [dict(code) for code in codings], "text": text})


def elements_at(resource: Resource, path: Sequence[str]) -> Sequence[Resource]:
    """Return the elements at a path, looking into every item of lists on the way."""
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
    """Return a Coding of a system."""
    return {"system": system, "code": code}
