"""One letter to several patients: what is written once, and what each record adds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.core.actors import Actor
from services.core.errors import Conflict
from services.documents.forms.fields import Form
from services.documents.forms.template import Template
from services.documents.forms.templates import templates_for
from services.documents.forms.wording import ENGLISH, Wording
from services.patients.records.model import PatientRecord

# The same limit as for printing a paper of several patients into one file.
MOST: Final = 100
_SUBJECTS: Final = ("subject", "due")


class AddresseeDied(Conflict):
    """The patient has died, and the bereaved are not sent a letter written for many."""

    def __init__(self) -> None:
        super().__init__(
            "The patient has died, so no letter was written. If that is a mistake, "
            "correct the date of death in the record."
        )


@dataclass(frozen=True, slots=True)
class Letters:
    """A letter to several patients, with the same text for all.

    If it is written again with the same `id`, `began_at` and text, each patient's
    letter is the same document as before.
    """

    id: UUID
    began_at: datetime
    template: Template
    words: Form
    wording: Wording = ENGLISH

    @property
    def title(self) -> str:
        """The title of each letter in the records, with its subject if it has one."""
        said = (str(self.words.get(name, "")) for name in _SUBJECTS)
        subject = next(filter(None, said), "")
        title = self.wording.say(self.template.title)
        return f"{title}: {subject}" if subject else title

    def form_for(self, patient: PatientRecord) -> Form:
        """Return the whole form for a patient. Raises AddresseeDied."""
        if patient.deceased_on is not None:
            raise AddresseeDied
        return {**self.template.prefilled(patient, self.wording), **self.words}

    def document_id_for(self, patient_id: UUID) -> UUID:
        """Return the id of the patient's letter, the same each time."""
        return uuid5(self.id, str(patient_id))


def templates_for_several(actor: Actor) -> Mapping[str, Template]:
    """Return the forms that the actor may write to several patients.

    Raises NotAllowed.
    """
    return {
        name: template
        for name, template in templates_for(actor).items()
        if template.is_for_several
    }


def shared_part(template: Template) -> Template:
    """Return the form without the fields that each patient's record fills in."""
    fields = tuple(field for field in template.fields if field.prefill is None)
    return replace(template, fields=fields)
