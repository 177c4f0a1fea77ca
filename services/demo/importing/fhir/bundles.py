"""Bundles of FHIR R4 as files: read one by one, and refused as a whole or not at all.

A bundle contains what it refers to, or another file of the same import has it, by id.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from services.demo.importing.csv_lines import CannotImport

# A file is in memory as a whole, some seven times as large as on disk.
MOST_BYTES: Final = 128 * 1024 * 1024
_MEGABYTE: Final = 1024 * 1024
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{0,39}")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_UNKNOWN: Final = "?"
# Not a history, which also has deleted resources, or a response, which may have none.
_KINDS: Final = ("transaction", "batch", "collection", "searchset", "document")
_URN: Final = "urn:uuid:"
_CONTAINED: Final = "#"

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """A resource of a bundle, with its number over all files, and its type and id.

    `type` and `id` are "?" if they are missing or invalid.
    """

    file: str
    number: int
    type: str
    id: str
    resource: Resource
    bundle: "Bundle"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The resources of a file by the addresses with which others refer to them."""

    by_address: Mapping[str, Resource]

    def id_of(self, reference: Any, kind: str) -> str:
        """Return the id that a Reference names, "" unless it is of this type."""
        named = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(named, str):
            return ""
        if (target := self.by_address.get(named)) is not None:
            return id_in(target) if target.get("resourceType") == kind else ""
        if named.startswith(_URN):
            id_ = named.removeprefix(_URN)
            return id_ if _ID.fullmatch(id_) else ""
        *_, type_, id_ = ("", *named.partition("/_history/")[0].split("/"))
        return id_ if type_ == kind and _ID.fullmatch(id_) else ""

    def find(self, reference: Any, inside: Resource) -> Resource | None:
        """Return the resource that a Reference names: of this bundle, or contained.

        `inside` is the resource that has the reference.
        """
        named = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(named, str):
            return None
        if named.startswith(_CONTAINED):
            return _contained(inside, named.removeprefix(_CONTAINED))
        return self.by_address.get(named)


@dataclass(frozen=True, slots=True)
class Bundles:
    """Files of bundles that exist and are not too large."""

    paths: tuple[Path, ...]

    @classmethod
    def find(cls, path: Path) -> "Bundles":
        """Find one file, or those of a folder. Raises CannotImport."""
        if not path.exists():
            raise CannotImport(
                "path", f"There is no {path}: name a file or a folder of FHIR bundles."
            )
        paths = tuple(sorted(path.glob("*.json"))) if path.is_dir() else (path,)
        if not paths:
            raise CannotImport(
                "path", f"There is no .json file in {path}: name the folder of bundles."
            )
        for file in paths:
            if (size := file.stat().st_size) > MOST_BYTES:
                raise CannotImport(
                    file.name,
                    f"{file.name} has {size / _MEGABYTE:,.0f} MB and at most "
                    f"{MOST_BYTES // _MEGABYTE} MB are read: export a bundle for each "
                    "patient.",
                )
        return cls(paths)

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(path.stat().st_size for path in self.paths)

    def resources(
        self, report: Callable[[int], None] = lambda _size: None
    ) -> Iterator[BundleEntry]:
        """Yield every resource, file by file. Raises CannotImport.

        `report` is called with the bytes read since the last call.
        """
        number = 0
        for path in self.paths:
            content = _content_of(path)
            entries = _entries_of(path, content)
            bundle = Bundle(_by_address(entries))
            for entry in entries:
                number += 1
                resource = entry.get("resource") if isinstance(entry, dict) else None
                known = resource if isinstance(resource, dict) else {}
                yield BundleEntry(
                    path.name, number, _type_in(known), _shown_id(known), known, bundle
                )
            report(len(content))


def id_in(resource: Resource) -> str:
    """Return the id of a resource, "" if it has none that is valid in FHIR."""
    id_ = resource.get("id")
    return id_ if isinstance(id_, str) and _ID.fullmatch(id_) else ""


def _contained(resource: Resource, id_: str) -> Resource | None:
    contained = resource.get("contained")
    if not isinstance(contained, list):
        return None
    # Anything else in the list is ignored.
    known = (element for element in contained if isinstance(element, dict))
    return next(
        (element for element in known if id_ and element.get("id") == id_), None
    )


def _content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotImport(
            path.name, f"{path} cannot be read: {error.strerror}."
        ) from error


def _entries_of(path: Path, content: bytes) -> list[Any]:
    try:
        sent = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        # The text at that place is health data, and the error message may quote it.
        raise CannotImport(
            path.name,
            f"{path.name} is no JSON: line {error.lineno} cannot be read. Nothing was "
            "imported.",
        ) from None
    kind = _type_in(sent) if isinstance(sent, dict) else _UNKNOWN
    if kind != "Bundle":
        named = "" if kind == _UNKNOWN else f" but a {kind}"
        raise CannotImport(
            path.name,
            f"{path.name} is no Bundle of FHIR{named}. Nothing was imported.",
        )
    entries = sent.get("entry", [])
    if sent.get("type") not in _KINDS or not isinstance(entries, list):
        raise CannotImport(
            path.name,
            f"{path.name} is no bundle of the type {', '.join(_KINDS)}, with a list of "
            "entries. Nothing was imported.",
        )
    return entries


def _by_address(entries: list[Any]) -> dict[str, Resource]:
    """Return the resources by address, without addresses that several of them have.

    Whoever refers to such an address could mean either patient.
    """
    known: dict[str, Resource] = {}
    ambiguous = set()
    for address, resource in _addresses(entries):
        other = known.setdefault(address, resource)
        if _names(other) != _names(resource):
            ambiguous.add(address)
    return {name: known[name] for name in known.keys() - ambiguous}


def _names(resource: Resource) -> tuple[str, str]:
    return _type_in(resource), id_in(resource)


def _addresses(entries: list[Any]) -> Iterator[tuple[str, Resource]]:
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            if isinstance(url := entry.get("fullUrl"), str):
                yield url, resource
            if id_ := id_in(resource):
                yield f"{_type_in(resource)}/{id_}", resource


def _type_in(resource: Resource) -> str:
    kind = resource.get("resourceType")
    return kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else _UNKNOWN


def _shown_id(resource: Resource) -> str:
    return id_in(resource) or _UNKNOWN
