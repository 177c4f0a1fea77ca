"""A dialog has a way out at the bottom, and red only where nothing can be undone.

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
    "'booking_override_confirm'",
    "'calendar_block'",
    "'calendar_block_anyway'",
    "'calendar_move_confirm'",
    "'dashboard_card_save'",
    "'dashboard_mail_add'",
    "'dashboard_save'",
    "'doctor_except_anyway'",
    "'document_delete_confirm'",
    "'document_edit_save'",
    "'document_hold_confirm'",
    "'document_replace_save'",
    "'document_restore_version_confirm'",
    "'document_share_make'",
    "'drills_plan'",
    "'erasure_postpone_confirm'",
    "'fields_archive_confirm'",
    "'fields_change_save'",
    "'inbox_assign_save'",
    "'patient_archive_confirm'",
    "'patient_died_save'",
    "'patient_invite_send'",
    "'prescription_scan_save'",
    "'series_hold'",
    "'system_off_confirm'",
    "'tags_change_save'",
    "'views_rename'",
    "'visit_complete_now'",
    "'waiting_join_confirm'",
    "f'alerts_save_{rule.kind}'",
    "f'{PAGE}_archive_confirm'",
    "f'{PAGE}_assign_confirm'",
    "f'{PAGE}_file'",
    "f'{PAGE}_invite_confirm'",
    "f'{PAGE}_restore_confirm'",
    "f'{_PAGE}_delete_confirm'",
    "f'{_PAGE}_hold_confirm'",
    "f'{_PAGE}_mark_set'",
    "f'{_PAGE}_patient_set'",
    "f'{_PAGE}_tag_set'",
    "f'{_PAGE}_type_set'",
    "f'{key}_save'",
}


# Its pages are below its buttons, of which the second leads back to the form.
_WITH_A_WAY_BACK = "dashboard/documents/forms/form_preview.py:_preview"


def dialogs() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the place of each function that draws a dialog, and the function."""
    for path in [*_ROOT.glob("dashboard/**/*.py"), *_ROOT.glob("pages/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(each, ast.Call) and ast.unparse(each.func) == "dialog"
                for each in node.decorator_list
            ):
                yield f"{path.relative_to(_ROOT)}:{node.name}", node


def sends(call: ast.AST) -> bool:
    """Return whether a call draws the button that does what a dialog is for."""
    if not isinstance(call, ast.Call):
        return False
    is_primary = any(
        option.arg == "type" and ast.unparse(option.value) == "'primary'"
        for option in call.keywords
    )
    drawn = ast.unparse(call.func)
    return drawn == "st.form_submit_button" or (drawn == "st.button" and is_primary)


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


def test_whoever_opens_a_dialog_can_cancel_beside_its_button():
    alone = [place for place, dialog in dialogs() if any(map(sends, ast.walk(dialog)))]

    assert alone == [_WITH_A_WAY_BACK], (
        "draw these buttons by dashboard.ui.dialogs.confirmed"
    )
