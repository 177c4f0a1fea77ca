"""How well the servers serve: what queries cost them, and how long they were there."""

from db.cluster.statements import (
    StatementOrder as StatementOrder,
    StatementReader as StatementReader,
    StatementReport as StatementReport,
    StatementShape as StatementShape,
)
from services.cluster.performance.availability import (
    BUCKET as BUCKET,
    MOST_DAYS as MOST_DAYS,
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
