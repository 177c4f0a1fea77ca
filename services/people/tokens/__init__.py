"""Bearer tokens, with which programs act: for a service, or for one person."""

from services.people.tokens.bearers import (
    Bearer as Bearer,
    find as find,
    note_use as note_use,
)
from services.people.tokens.issuing import (
    SUBJECT as SUBJECT,
    issue as issue,
    issue_for_app as issue_for_app,
    issue_for_program as issue_for_program,
    issue_for_system as issue_for_system,
    issue_own as issue_own,
    list_own as list_own,
    list_tokens as list_tokens,
    revoke as revoke,
)
from services.people.tokens.records import (
    Token as Token,
    is_well_formed as is_well_formed,
    scopes_of as scopes_of,
)
from services.people.tokens.resource_scopes import (
    RESOURCE_RIGHTS as RESOURCE_RIGHTS,
    Interaction as Interaction,
    InvalidScope as InvalidScope,
    ResourceScopes as ResourceScopes,
    grant as grant,
    grant_to_app as grant_to_app,
    read_resource_scopes as read_resource_scopes,
    require_types as require_types,
    resource_types_of as resource_types_of,
)
