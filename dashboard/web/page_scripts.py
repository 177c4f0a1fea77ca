"""The only scripts a page may run: they leave for pages that are not Streamlit's."""

import json
from typing import Final

SIGN_IN_PATH: Final = "/sign-in"
SIGN_OUT_PATH: Final = "/sign-out"
PASSKEYS_PATH: Final = "/sign-in/passkeys"
CONFIRM_PATH: Final = "/sign-in/confirm"

# The address to return to. Only the browser knows it: the script must be the same for
# everybody, or its digest would not match.
_AND_BACK: Final = (
    "encodeURIComponent(window.location.pathname + window.location.search)"
)

# The server's security policy names them by their digests, so that no other script
# runs, whatever somebody manages to put on a page.
SCRIPTS: Final = {
    path: f"window.location.assign({json.dumps(path)})"
    for path in (SIGN_IN_PATH, SIGN_OUT_PATH)
} | {
    # Through the page's own script (web/sessions/session_watch/watch.js), which keeps
    # what is typed and not sent for the return.
    path: f"window.chartroomLeave({json.dumps(path + '?next=')} + {_AND_BACK})"
    for path in (PASSKEYS_PATH, CONFIRM_PATH)
}
