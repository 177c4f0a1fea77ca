"""What is done to files themselves."""

from services import key_rotation
from services.audit import Action
from tests.services.audit_deeds.world import Deed, World, deed


@deed(Action.KEYS_ROTATE)
def keys_rotate(w: World) -> Deed:
    boss = w.boss.actor
    return lambda: key_rotation.record(w.session, boss, file_key=7, step="added")
