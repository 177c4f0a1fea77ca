"""Reading requests: JSON bodies of bounded size and depth, and criteria."""

import re
from collections.abc import Callable, Mapping
from json import JSONDecoder
from typing import Annotated, Any, Final, TypeVar

import orjson
from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.config import JsonValue
from pydantic_core import PydanticCustomError

from api.core.dependencies import program_or_person
from services.core.errors import InvalidInput

MAX_BYTES: Final = 1_000_000
_NUMBER: Final = re.compile(r"[+-]?[0-9.]+")

BodyT = TypeVar("BodyT", bound="Body")


class Body(BaseModel):
    """The schema of a JSON body: no coercion, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def with_example(**fields: JsonValue) -> ConfigDict:
    """Return the configuration of a body that OpenAPI shows with these fields."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def _require_text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    if value and _NUMBER.fullmatch(value):
        raise PydanticCustomError(
            "number", "Input should be written with hyphens or colons, not as a number"
        )
    return value


# For dates and times, which are text in JSON and in addresses: a number, also one
# written as text, would otherwise be taken for seconds, and 0 for the first day of
# 1970.
AS_TEXT: Final = BeforeValidator(_require_text)


async def read_body(request: Request, kind: type[BodyT]) -> BodyT:
    """Return the request's body, or raise an error answered as 400, 413 or 415.

    It is read only after the caller is known, so that a stranger gets a 401 and nothing
    else. orjson refuses what Python's own parser accepts and PostgreSQL would choke on:
    unlimited nesting, lone surrogates, NaN.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != "application/json":
        raise HTTPException(415, "Send the body as application/json.")
    try:
        return kind.model_validate(parse_json(await read_bounded(request)))
    except orjson.JSONDecodeError as error:
        raise RequestValidationError(
            [{"type": "json_invalid", "loc": ("body",), "msg": "The body is not JSON"}]
        ) from error
    except ValidationError as error:
        raise RequestValidationError(
            error.errors(include_input=False, include_url=False)
        ) from error


def parse_json(content: bytes | str) -> Any:
    """Return what JSON says; raises orjson.JSONDecodeError, InvalidInput.

    An object that has a key twice is refused: parsers disagree about which value
    counts, and one of them would be lost unnoticed.
    """
    parsed = orjson.loads(content)
    text = content if isinstance(content, str) else content.decode()
    try:
        _KEYS.decode(text)
    except RecursionError as error:
        raise orjson.JSONDecodeError("nested too deeply", text[:1], 0) from error
    return parsed


def _require_each_once(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) == len({key for key, _ in pairs}):
        return
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise InvalidInput(key[:40], f'"{key[:40]}" is given more than once.')
        seen.add(key)


# Reads only the keys of objects, and numbers of any length as text.
_KEYS: Final = JSONDecoder(
    object_pairs_hook=_require_each_once, parse_int=str, parse_float=str
)


def json_body(
    kind: type[Body],
    caller: Callable[..., object] = program_or_person,
    *,
    is_required: bool = True,
) -> Any:
    """Return the dependency that reads a body of this kind, once the caller is known.

    If the body is not required and missing, it is one with all defaults.
    """

    async def read(request: Request, _: Annotated[object, Depends(caller)]) -> Body:
        said = is_required or "content-type" in request.headers
        is_there = said or await read_bounded(request)
        return await read_body(request, kind) if is_there else kind()

    return Depends(read)


def describe_body(kind: type[Body], *, is_required: bool = True) -> dict[str, object]:
    """Return the OpenAPI description of a body that `read_body` reads."""
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": is_required, "content": content}}


def describe_criteria(more: Mapping[str, str]) -> dict[str, object]:
    """Return OpenAPI's description of the query string that criteria are read from."""
    described = {
        "0_field": "Field to filter by; further filters are 1_field, 2_field and "
        "so on.",
        "0_operator": "Operator, such as LESS_THAN, EQUAL or CONTAINS.",
        "0_value": "Value to compare the field with.",
        "combine": "AND or OR: how filters are joined; AND by default.",
        "search": "A name, an id or a date of birth.",
        "archived": "true for archived items only; false by default.",
        "orderBy": "Field to sort by.",
        "order": "ASC or DESC; only with orderBy.",
        **more,
    }
    parameters = [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in described.items()
    ]
    return {"parameters": parameters}


async def read_bounded(request: Request, most: int = MAX_BYTES) -> bytes:
    """Return the request's body, or raise an error answered as 413."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413, f"The body is longer than {most:,} bytes.")
    return bytes(body)
