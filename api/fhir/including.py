"""`_include`: resources that those of a page refer to, returned with them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir.definitions import (
    Include,
    Read,
    Resource,
    ResourceType,
    elements_at,
)
from api.fhir.searching import COUNT
from services.core.errors import Gone, InvalidInput, NotFound

# Each is read as by its own address, and the read is recorded.
MOST_INCLUDED: Final = 50
Path = tuple[str, ...]


def with_includes(
    kind: ResourceType, paths: Mapping[str, tuple[Path, ResourceType]]
) -> ResourceType:
    """Return the type with the values that its `_include` accepts.

    `paths` has, by the name of each search parameter, the path of the references and
    the type that they refer to.
    """
    includes = {
        f"{kind.name}:{name}": _including(path, target)
        for name, (path, target) in paths.items()
    }
    return replace(kind, includes=includes)


def _including(path: Path, target: ResourceType) -> Include:
    read = target.read
    assert read is not None  # noqa: S101 (what is referred to is read by its address)

    def include(
        session: Session, caller: Caller, resources: Sequence[Resource]
    ) -> list[Resource]:
        caller.require_type(target.name)
        ids = list(dict.fromkeys(_ids_in(resources, path, target.name)))
        if len(ids) > MOST_INCLUDED:
            raise InvalidInput(
                COUNT,
                f"A page can include at most {MOST_INCLUDED} {target.name} "
                f"resources: set a lower {COUNT}.",
            )
        return list(_read_each(session, caller, read, ids))

    return include


def _ids_in(resources: Sequence[Resource], path: Path, name: str) -> Iterator[str]:
    """Yield the ids in references to this type, including repeated ones."""
    for resource in resources:
        for element in elements_at(resource, path):
            kind, _, id_ = str(element.get("reference", "")).partition("/")
            if kind == name:
                yield id_


def _read_each(
    session: Session, caller: Caller, read: Read, ids: Sequence[str]
) -> Iterator[Resource]:
    """Yield the resources that the caller may see, and leave out others."""
    for id_ in ids:
        with suppress(NotFound, Gone):
            yield read(session, caller, id_)
