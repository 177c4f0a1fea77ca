"""The age bands that a filter can have: those that figures are split by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: Age bands in completed years, as figures write them; the last has no end.
AGE_BANDS: Final[Mapping[str, tuple[int, int | None]]] = MappingProxyType(
    {f"{age}–{age + 9}": (age, age + 9) for age in range(0, 90, 10)}
    | {"90+": (90, None)}
)
