"""A dialog's button is red where nobody can undo the action, and only there.

That it is red on screen is tested in tests/browser/test_dialogs.py.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[3]
# Add a new dialog here or below. The actions below lose nothing, and whoever did them
# can undo them.
_FOR_GOOD = {
    "'apps_remove_confirm'",
    "'dashboard_delete'",
    "'dashboards_mail_deleting'",
    "'document_release_confirm'",
    "'document_share_revoke'",
    "'drills_begin'",
    "'merge_confirm'",
    "'newcomer_cancel_sure'",
    "'prescription_withdraw_now'",
    "'retention_release_confirm'",
    "f'server_{offer.kind.value}_confirm'",
    "'slow_queries_reset_yes'",
    "'system_withdraw_confirm'",
    "'tags_delete_confirm'",
    "'token_revoke_confirm'",
    "'user_deactivate_confirm'",
    "'user_passkeys_confirm'",
    "'views_delete'",
    "'visits_cancel_confirm'",
    "'waiting_remove'",
}
_TO_BE_UNDONE = {
    "'calendar_move_confirm'",
    "'document_delete_confirm'",
    "'document_restore_version_confirm'",
    "'patient_archive_confirm'",
    "'patient_died_save'",
    "'system_off_confirm'",
    "f'{PAGE}_archive_confirm'",
    "f'{PAGE}_assign_confirm'",
    "f'{PAGE}_invite_confirm'",
    "f'{PAGE}_restore_confirm'",
    "f'{_PAGE}_delete_confirm'",
    "f'{_PAGE}_mark_set'",
    "f'{_PAGE}_patient_set'",
    "f'{_PAGE}_tag_set'",
    "f'{_PAGE}_type_set'",
    "f'{key}_save'",
}


def confirmations() -> Iterator[tuple[str, bool]]:
    """Yield the key of each confirmation in a dialog, and whether it is final."""
    for path in [*_ROOT.glob("dashboard/**/*.py"), *_ROOT.glob("pages/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "confirmed":
                options = {option.arg: option.value for option in node.keywords}
                final = options.get("is_final")
                yield ast.unparse(options["key"]), final is not None


def test_what_cannot_be_undone_is_red_and_nothing_else_is():
    keys = list(confirmations())

    assert {key for key, is_final in keys if is_final} == _FOR_GOOD
    assert {key for key, is_final in keys if not is_final} == _TO_BE_UNDONE
