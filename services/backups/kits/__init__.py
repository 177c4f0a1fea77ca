"""Recovery kits: who made one, whether its keys are out of date, and its paper."""

from services.backups.kits.making import (
    PROVEN_EVERY as PROVEN_EVERY,
    KitFault as KitFault,
    KitState as KitState,
    NoBackupYet as NoBackupYet,
    find_kit_fault as find_kit_fault,
    make_kit as make_kit,
    note_kit as note_kit,
    read_kit_state as read_kit_state,
    require_good_passphrase as require_good_passphrase,
)
from services.backups.kits.paper import print_kit as print_kit, read_paper as read_paper
from services.backups.kits.proving import (
    KitNotProven as KitNotProven,
    note_proven as note_proven,
    prove_kit as prove_kit,
)
