"""Figures of a cohort: its patients or their events, by one or two dimensions."""

from services.analytics.figures.commonest import (
    Facet as Facet,
    count_commonest as count_commonest,
)
from services.analytics.figures.counting import count as count
from services.analytics.figures.distributions import Distribution as Distribution
from services.analytics.figures.facets import (
    count_facets as count_facets,
    disclose_facets as disclose_facets,
    disclose_known_facets as disclose_known_facets,
)
from services.analytics.figures.model import (
    MEASURES_WITH_TOTALS as MEASURES_WITH_TOTALS,
    Chart as Chart,
    Figure as Figure,
    FigureCell as FigureCell,
    FigureMeasure as FigureMeasure,
    FigureResult as FigureResult,
    Quantity as Quantity,
    validate as validate,
)
from services.analytics.figures.prepared_facets import (
    LARGE_CLINIC as LARGE_CLINIC,
    is_large_clinic as is_large_clinic,
    replace_prepared_facets as replace_prepared_facets,
)
from services.analytics.figures.storing import (
    from_json as from_json,
    list_saved as list_saved,
    recall as recall,
    remember as remember,
    to_json as to_json,
)
from services.analytics.figures.tables import table_of as table_of
