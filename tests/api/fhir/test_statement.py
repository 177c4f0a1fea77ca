"""The CapabilityStatement says what is served, and nothing else."""

from api.fhir.table import SERVED
from tests.api.conftest import Client

# Routes that are no resources of the table.
BESIDE = {
    "/fhir/metadata",
    "/fhir/.well-known/smart-configuration",
    "/fhir/auth/token",
}


def test_the_statement_and_the_routes_are_of_one_table(stranger):
    statement = stranger.get("/fhir/metadata").json()
    described = stranger.get("/api/openapi.json").json()["paths"]
    [rest] = statement["rest"]
    declared = {
        (resource["type"], interaction["code"])
        for resource in rest["resource"]
        for interaction in resource["interaction"]
    }

    calls = {
        (method, path)
        for path, methods in described.items()
        for method in methods
        if path.startswith("/fhir/") and path not in BESIDE
    }
    invoked = {path for _, path in calls if "$" in path}
    routed = {
        (path.split("/")[2], _interaction(method, path))
        for method, path in calls
        if path not in invoked
    }
    operations = {
        _path_of(resource["type"], operation["name"])
        for resource in rest["resource"]
        for operation in resource.get("operation", ())
    } | {f"/fhir/${operation['name']}" for operation in rest["operation"]}
    # The routes for the status and the files of an export.
    fetched = {"/fhir/$export/{export_id}", "/fhir/$export/{export_id}/{number}"}

    assert statement["fhirVersion"] == "4.0.1"
    assert [interaction["code"] for interaction in rest["interaction"]] == [
        "transaction"
    ]
    assert list(described["/fhir"]) == ["post"]
    assert declared == routed
    assert operations | fetched == invoked
    assert {kind.name for kind in SERVED} == {
        resource["type"] for resource in rest["resource"]
    }


def test_what_is_versioned_can_be_asked_for_on_condition(stranger):
    [rest] = stranger.get("/fhir/metadata").json()["rest"]

    conditional = {
        resource["type"]
        for resource in rest["resource"]
        if resource["conditionalRead"] == "not-match"
    }

    versioned = {kind.name for kind in SERVED if kind.is_versioned}
    assert conditional == versioned | {"Binary"}


def _path_of(kind: str, operation: str) -> str:
    of_one = "/{group_id}" if kind == "Group" else ""
    if operation == "summary":
        of_one = "/{resource_id}"
    return f"/fhir/{kind}{of_one}/${operation}"


def _interaction(method: str, path: str) -> str:
    if "/_history" in path:
        return "vread" if path.endswith("}") else "history-instance"
    if path.endswith("}"):
        return "read"
    is_search = method == "get" or path.endswith("/_search")
    return "search-type" if is_search else "create"


def test_every_declared_parameter_is_understood_and_no_other(client: Client):
    [rest] = client.get("/fhir/metadata").json()["rest"]
    for resource in rest["resource"]:
        names = [parameter["name"] for parameter in resource.get("searchParam", ())]
        for name in names:
            # Without a value, a known parameter asks for nothing.
            answer = client.get(f"/fhir/{resource['type']}?{name}=")
            diagnostics = answer.json().get("issue", [{"diagnostics": ""}])[0][
                "diagnostics"
            ]
            assert "has no search parameter" not in diagnostics
        if names:
            unknown = client.get(f"/fhir/{resource['type']}?{names[0]}:not=x")
            assert unknown.status_code == 400
