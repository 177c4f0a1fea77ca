"""The forms there are: every module in this folder is one, by its TEMPLATE."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from services.documents.forms.template import Template


def _all() -> Mapping[str, Template]:
    templates = (
        import_module(f"{__name__}.{module.name}").TEMPLATE
        for module in iter_modules(__path__)
    )
    return MappingProxyType({template.name: template for template in templates})


TEMPLATES: Final = _all()
