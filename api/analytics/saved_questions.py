"""Cohorts and queries by the names that analysts gave them, as the API lists them."""

from datetime import datetime
from typing import Annotated

from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import From, JsonResponse, Shown
from api.core.dependencies import Caller
from services.analytics import shared_questions
from services.lists.subjects import Subject
from services.lists.views import View


class SavedQuestionShown(Shown):
    """A saved question; its key is `list` in the address of its page.

    `owner` is the name of whoever shares it, else null: one's own.
    """

    key: str
    name: str
    description: str
    owner: Annotated[str | None, From(lambda view: view.owner or None)]
    is_shared: Annotated[
        bool, From(lambda view: view.is_shared or bool(view.shared_with))
    ]
    saved_at: Annotated[datetime, From("created_at")]


class SavedQuestionsShown(Shown):
    """One's own by name, then those that colleagues share with the caller."""

    saved: list[SavedQuestionShown]


def saved_response(caller: Caller, subject: Subject) -> Response:
    """List what of a kind the caller may open; nothing is counted."""

    def known(session: Session) -> tuple[View, ...]:
        return shared_questions.list_questions(session, caller.actor, subject=subject)

    saved = caller.read(known).value
    return JsonResponse({"saved": list(map(SavedQuestionShown.of, saved))})
