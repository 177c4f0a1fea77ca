"""Cohorts and queries that analysts saved under names, as the API lists them."""

from datetime import datetime
from typing import Annotated

from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import FromAttribute, JsonResponse, Shown
from api.core.dependencies import Caller
from services.analytics import shared_questions
from services.lists.subjects import Subject
from services.lists.views import View


class SavedQuestionShown(Shown):
    """A saved question; `key` is `list` in the address of its page.

    `owner` is the name of the person who shares it, null for the caller's own.
    """

    key: str
    name: str
    description: str
    owner: Annotated[str | None, FromAttribute(lambda view: view.owner or None)]
    is_shared: Annotated[
        bool, FromAttribute(lambda view: view.is_shared or bool(view.shared_with))
    ]
    saved_at: Annotated[datetime, FromAttribute("created_at")]


class SavedQuestionsShown(Shown):
    """The caller's own questions by name, then those shared by colleagues."""

    saved: list[SavedQuestionShown]


def saved_response(caller: Caller, subject: Subject) -> Response:
    """List a kind's saved questions that the caller may open; nothing is counted."""

    def known(session: Session) -> tuple[View, ...]:
        return shared_questions.list_questions(session, caller.actor, subject=subject)

    saved = caller.read(known).value
    return JsonResponse({"saved": list(map(SavedQuestionShown.of, saved))})
