"""/api/v1/replication/acts and related routes: operations on the database servers.

A program has no passkey. Instead its token must have the scope `replication:act`, which
only somebody who used a passkey can have granted.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.core.answers import LSN_HEADER, JsonResponse, Shown, written_headers
from api.core.bodies import AS_TEXT, Body, describe_body, read_body
from api.core.dependencies import Program
from api.core.documented import refuses, shows
from db.postgres import WriteResult
from services.cluster import monitoring, operations
from services.cluster.monitoring import Operation
from services.cluster.operations import (
    SETTINGS,
    OperationKind,
    OperationPreview,
    OperationRequest,
    RunningOperation,
    preview,
)
from services.core.actors import Permission

router = APIRouter(prefix="/api/v1/replication", tags=["Replication"])
_ACCEPTED: Final = 202
_State = Literal["scheduled", "running", "done", "failed", "cancelled"]


class ActBody(Body):
    """An operation to run, and why; the pages explain what each act does."""

    act: OperationKind = Field(strict=False)
    reason: str = Field(
        "", description="Reason, 10 to 500 characters; recorded in the history."
    )
    node: str | None = Field(
        None,
        description="The server concerned; for a switchover, the one that is to lead.",
    )
    typed: str = Field(
        "", description="For a failover that may lose data: the value of `node` again."
    )
    scheduled_at: Annotated[datetime | None, AS_TEXT] = Field(
        None,
        strict=False,
        description="For a switchover: when to run it; immediately if omitted.",
    )
    seconds: float | None = Field(
        None, description="How long to pause replay, or the delay of a new replica."
    )
    changes: dict[str, int | str] = Field(
        default_factory=dict, description="For settings: the new values."
    )
    dry_run: bool = Field(
        False,
        description="Check the act without carrying it out; needs no reason.",
    )


class FailoverCandidateShown(Shown):
    """A server that might become primary; `lost_bytes` is null where not known."""

    name: str
    is_eligible: bool
    reason: str
    lost_bytes: int | None
    lost_seconds: float | None
    is_certain: bool


class TransactionShown(Shown):
    """A long-running transaction on the primary, which would be cut off."""

    program: str
    seconds: float


class PreviewShown(Shown):
    """What a change of the primary would mean now; the advised candidate is first."""

    act: Literal["switchover", "failover"]
    primary: str | None
    timeline: int | None
    candidates: list[FailoverCandidateShown]
    transactions: list[TransactionShown]
    is_automatic: bool
    obstacle: str | None


class StepShown(Shown):
    """A step that was done or waited for."""

    seconds: float
    sentence: str


class ActShown(Shown):
    """An act: its progress and, once it is done, what it cost."""

    id: UUID | None
    act: str
    state: _State
    sentence: str | None
    steps: list[StepShown]
    downtime_seconds: float | None
    lost_writes: int | None
    lost_bytes: int | None
    phases: dict[str, float]


class SettingShown(Shown):
    """One of the settings that can be changed, and its effect."""

    name: str
    value: int | str
    effect: str


class SettingsShown(Shown):
    """The current settings, and whether servers take over automatically."""

    is_automatic: bool
    settings: list[SettingShown]


async def _body(request: Request, caller: Program) -> ActBody:
    await run_in_threadpool(caller.require, Permission.ACT_ON_CLUSTER)
    return await read_body(request, ActBody)


@router.get("/preview", responses=shows(PreviewShown))
def show_preview(caller: Program) -> Response:
    """Show what a change of the primary would mean now; nothing is done."""
    caller.require(Permission.ACT_ON_CLUSTER)
    planned = preview(caller.stores.runner.servers.look(with_transactions=True))
    return JsonResponse(_preview(planned))


@router.get("/settings", responses=shows(SettingsShown))
def show_settings(caller: Program) -> Response:
    """List the settings that can be changed, with their values and effects."""
    caller.require(Permission.ACT_ON_CLUSTER)
    servers = caller.stores.runner.servers
    config = servers.ask(servers.patroni.config)
    values = operations.current(config)
    settings = [
        {"name": name, "value": values[name], "effect": setting.effect}
        for name, setting in SETTINGS.items()
    ]
    return JsonResponse({"is_automatic": not config.get("pause"), "settings": settings})


@router.post(
    "/acts",
    status_code=_ACCEPTED,
    openapi_extra=describe_body(ActBody),
    responses=shows(ActShown, 409, 413, 415, status=_ACCEPTED),
)
def act(caller: Program, body: Annotated[ActBody, Depends(_body)]) -> Response:
    """Begin an act, or schedule it; its progress is at its own address."""
    order = OperationRequest(
        body.act,
        body.reason,
        body.node,
        typed=body.typed,
        scheduled_at=body.scheduled_at,
        seconds=body.seconds,
        changes=body.changes,
    )
    if body.dry_run:
        caller.rehearse_on_servers(order)
        return JsonResponse(_shown(None, order.kind, "scheduled"), _ACCEPTED)
    run = caller.act_on_servers(order)
    if isinstance(run, WriteResult):
        shown = _shown(run.value, order.kind, "scheduled")
        return JsonResponse(shown, _ACCEPTED, written_headers(run))
    # Without a primary nothing is written yet.
    at = run.requested_at
    headers = {} if at is None else {LSN_HEADER: str(at)}
    return JsonResponse(_run(run), _ACCEPTED, headers)


@router.get("/acts/{uuid}", responses=shows(ActShown, 404))
def show_act(caller: Program, uuid: UUID) -> Response:
    """Return the progress of an act or, once it is done, what it cost."""
    caller.require(Permission.ACT_ON_CLUSTER)
    run = caller.stores.runner.run(uuid)
    if run is not None:
        return JsonResponse(_run(run))
    read = caller.read(
        lambda session: monitoring.get_operation(session, caller.actor, uuid)
    )
    return JsonResponse(_operation(read.value))


@router.delete("/acts/{uuid}", status_code=204, responses=refuses(404))
def cancel_act(caller: Program, uuid: UUID) -> Response:
    """Cancel a scheduled switchover."""
    written = caller.write(
        lambda session: operations.cancel(session, caller.actor, uuid, session_id=None)
    )
    return Response(status_code=204, headers=written_headers(written))


def _preview(planned: OperationPreview) -> dict[str, Any]:
    fields = asdict(planned)
    return {"act": fields.pop("kind").value} | fields


def _run(run: RunningOperation) -> dict[str, Any]:
    if run.is_running:
        state: _State = "running"
    else:
        state = "failed" if run.cost is None else "done"
    shown = _shown(run.id, run.request.kind, state) | {
        "sentence": run.refusal,
        "steps": run.progress.as_json(),
    }
    if run.cost is None:
        return shown
    cost = asdict(run.cost)
    return shown | {name: cost[name] for name in shown if name in cost}


def _operation(operation: Operation) -> dict[str, Any]:
    shown = _shown(operation.id, operation.kind, operation.state)
    known: Mapping[str, Any] = asdict(operation) | dict(operation.result)
    return shown | {name: known[name] for name in shown if name in known}


def _shown(uuid: UUID | None, kind: str, state: str) -> dict[str, Any]:
    return {
        "id": uuid,
        "act": kind,
        "state": state,
        "sentence": None,
        "steps": [],
        "downtime_seconds": None,
        "lost_writes": None,
        "lost_bytes": None,
        "phases": {},
    }
