"""The erasure of archived patients: its rule, what is due, what stops it, and doing it.

It is part of the documents, because a patient's documents are what most often stops it.
"""

from services.documents.erasure.due import (
    SOON as SOON,
    DueErasure as DueErasure,
    Erasures as Erasures,
    read_due_erasures as read_due_erasures,
)
from services.documents.erasure.erasing import (
    ERASED as ERASED,
    erase as erase,
    replay_erasures as replay_erasures,
)
from services.documents.erasure.postponing import (
    NothingToErase as NothingToErase,
    postpone as postpone,
)
from services.documents.erasure.rule import (
    ErasureRule as ErasureRule,
    ErasureRuleChanged as ErasureRuleChanged,
    change_rule as change_rule,
    find_rule as find_rule,
)
