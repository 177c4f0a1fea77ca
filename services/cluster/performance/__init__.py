"""How well the servers perform: costs of queries, upkeep, and availability."""

from db.cluster.statements import (
    StatementOrder as StatementOrder,
    StatementReport as StatementReport,
    StatementShape as StatementShape,
)
from db.cluster.vacuuming import (
    Checkpoints as Checkpoints,
    DatabaseUpkeep as DatabaseUpkeep,
    TableUpkeep as TableUpkeep,
)
from services.cluster.performance.availability import (
    BUCKET as BUCKET,
    AvailabilityDay as AvailabilityDay,
    AvailabilityReport as AvailabilityReport,
    SecondsCounted as SecondsCounted,
    forget_availability as forget_availability,
    read_availability as read_availability,
    record_availability as record_availability,
)
from services.cluster.performance.slow_queries import (
    StatementsNotCounted as StatementsNotCounted,
    read_statements as read_statements,
    reset_statements as reset_statements,
)
from services.cluster.performance.vacuuming import (
    UpkeepReport as UpkeepReport,
    read_upkeep as read_upkeep,
)
