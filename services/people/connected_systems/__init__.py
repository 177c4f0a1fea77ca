"""Other systems that read by FHIR: SMART backend services, without a person."""

from services.people.connected_systems.assertions import (
    AssertionRefused as AssertionRefused,
    claimed_system as claimed_system,
    verify_assertion as verify_assertion,
)
from services.people.connected_systems.granting import (
    TOKEN_LIFETIME as TOKEN_LIFETIME,
    IssuedToken as IssuedToken,
    forget as forget,
    issue_token as issue_token,
    note_refusal as note_refusal,
)
from services.people.connected_systems.key_cache import SystemKeys as SystemKeys
from services.people.connected_systems.key_fetching import (
    KeysUnavailable as KeysUnavailable,
)
from services.people.connected_systems.public_keys import (
    ALGORITHMS as ALGORITHMS,
    PublicKey as PublicKey,
)
from services.people.connected_systems.records import (
    ConnectedSystem as ConnectedSystem,
    NoSuchSystem as NoSuchSystem,
    find_system as find_system,
    get_system as get_system,
    list_systems as list_systems,
)
from services.people.connected_systems.registering import (
    SystemKeysTyped as SystemKeysTyped,
    change as change,
    may_export as may_export,
    register as register,
    switch_off as switch_off,
    switch_on as switch_on,
)
from services.people.tokens.exports import SystemExports as SystemExports
