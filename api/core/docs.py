"""/api/docs: the API's description, with every script and style served from here."""

import secrets
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

OPENAPI_PATH: Final = "/api/openapi.json"
_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
# Swagger styles its elements in place and draws its icons from data URLs.
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chartroom API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script nonce="{nonce}">
SwaggerUIBundle({{url: "{url}", dom_id: "#swagger-ui", deepLinking: true}});
</script>
</body>
</html>
"""


@router.get("/api/docs")
def docs() -> Response:
    """Show the API's description."""
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        _PAGE.format(nonce=nonce, url=OPENAPI_PATH),
        headers={"Content-Security-Policy": _POLICY.format(nonce=nonce)},
    )


@router.get("/api/docs/{name}")
def asset(name: str) -> Response:
    """Return an asset of Swagger's page."""
    if name not in _ASSETS:
        raise HTTPException(404)
    source = files("fastapi_swagger") / "resources" / name
    return Response(
        source.read_bytes(),
        media_type=_ASSETS[name],
        headers={"Cache-Control": "public, max-age=86400"},
    )
