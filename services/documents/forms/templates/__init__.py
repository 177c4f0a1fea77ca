"""All forms: every module in this folder defines one, as its TEMPLATE."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from services.core.actors import Actor, Role
from services.core.errors import NotFound
from services.core.sentences import Sentence
from services.documents.forms.template import Template
from services.documents.records.visibility import require_file


def _all() -> Mapping[str, Template]:
    templates = (
        import_module(f"{__name__}.{module.name}").TEMPLATE
        for module in iter_modules(__path__)
    )
    return MappingProxyType({template.name: template for template in templates})


TEMPLATES: Final = _all()


def templates_for(actor: Actor) -> Mapping[str, Template]:
    """Return the forms that the actor may fill in; patients have their own.

    What a form of the clinic contains is taken as the clinic's statement, so patients
    may not use it. Raises NotAllowed.
    """
    require_file(actor)
    own = actor.role is Role.PATIENT
    return {
        name: template
        for name, template in TEMPLATES.items()
        if template.is_for_patients == own
    }


def template_for(actor: Actor, name: str) -> Template:
    """Return one of the actor's forms. Raises NotFound, NotAllowed."""
    known = templates_for(actor)
    if name not in known:
        raise NotFound(
            Sentence(
                "There is no form with this name. Use one of: {names}.",
                names=", ".join(known),
            )
        )
    return known[name]
