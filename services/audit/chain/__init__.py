"""The chain that makes it evident when somebody has edited the audit log.

See docs/decisions/0010-audit-chain.md.
"""

from services.audit.chain.entries import (
    START as START,
    ChainBroken as ChainBroken,
    Link as Link,
    follow as follow,
    follow_all as follow_all,
    link_of as link_of,
)
from services.audit.chain.head_recovery import (
    find_break as find_break,
    move_head_to_end as move_head_to_end,
    read_head as read_head,
    walk_after_head as walk_after_head,
)
from services.audit.chain.shipping import (
    BATCH as BATCH,
    is_waiting as is_waiting,
    ship as ship,
    waiting_seconds as waiting_seconds,
)
from services.audit.chain.verifying import (
    ChainVerification as ChainVerification,
    seal as seal,
    verify as verify,
)
