"""The only scripts a page may run: they leave for pages that are not Streamlit's."""

import json
from typing import Final

SIGN_IN_PATH: Final = "/sign-in"
SIGN_OUT_PATH: Final = "/sign-out"

# The server's security policy names them by their digests, so that no other script
# runs, whatever somebody manages to put on a page.
SCRIPTS: Final = {
    path: f"window.location.assign({json.dumps(path)})"
    for path in (SIGN_IN_PATH, SIGN_OUT_PATH)
}
