"""Reads SQL text into a query: one SELECT, nothing of which is run as typed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, FromClause, exists, func, literal

from services.analytics.cohorts import Dimension
from services.analytics.cohorts.statements import dimension_text
from services.analytics.figures import FigureMeasure
from services.analytics.joined_conditions import (
    MOST_JOINED,
    AllOf,
    Condition,
    Existing,
    Predicate,
    find_joined,
    render,
)
from services.analytics.queries.conditions import (
    NameScope,
    Source,
    condition,
    conjuncts,
    number_of,
    require_same_patient,
)
from services.analytics.queries.model import (
    MOST_GROUPS,
    MOST_ROWS,
    MOST_SOURCES,
    Content,
    CountSpec,
    DistributionSpec,
    Ordering,
    OutputColumn,
    Query,
    QueryRefused,
    Threshold,
)
from services.analytics.queries.queryable_views import PATIENT, SCHEMA, VIEWS
from services.analytics.queries.syntax_tree import (
    Unsupported,
    is_a,
    name_of,
    naming_unsupported,
    parse_tree,
    part,
    require_only,
    unsupported,
    without_parentheses,
)
from services.core.sentences import Sentence

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_SELECT: Final = ("expressions", "from_", "joins", "where", "group", "having", "order")
_PERCENTILES: Final = {
    "0.25": Content.P25,
    "0.5": Content.MEDIAN,
    "0.50": Content.MEDIAN,
    "0.75": Content.P75,
    "0.9": Content.P90,
    "0.90": Content.P90,
}
_PERIODS: Final = {
    "MONTH": Dimension.MONTH,
    "QUARTER": Dimension.QUARTER,
    "YEAR": Dimension.YEAR,
}
_OPERATORS: Final = {
    "EQ": "=",
    "NEQ": "<>",
    "GT": ">",
    "GTE": ">=",
    "LT": "<",
    "LTE": "<=",
}
_FLIPPED: Final = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


def parse(text: str) -> Query:
    """Return the query that a text expresses; raises QueryRefused."""
    text = text.strip()
    tree = parse_tree(text)
    try:
        reader = _QueryParser(text, tree)
        query = reader.parse()
        if len(reader.scope.with_several) > 1:
            return _QueryParser(text, tree, counts_each_name=True).parse()
    except Unsupported:
        raise naming_unsupported(tree) from None
    except RecursionError:
        raise unsupported() from None
    return query


class _QueryParser:
    """Reads one tree: first the views, then what is counted, then what is shown."""

    def __init__(
        self, text: str, tree: "Expression", *, counts_each_name: bool = False
    ) -> None:
        self.text = text
        self.tree = _select_of(without_parentheses(tree))
        require_only(self.tree, *_SELECT, "limit")
        if part(self.tree, "from_") is None:
            raise unsupported()
        self.sources: dict[str, Source] = {}
        self.scope = NameScope([self.sources], self._exists, counts_each_name)
        self.number_of_sources = 0
        # Conditions of ON and WHERE in which OR or NOT joins conditions on several
        # columns.
        self.with_joined: list[Condition] = []
        self.contents: set[FigureMeasure] = set()
        self.distribution: tuple[Source, str] | None = None

    def parse(self) -> Query:
        """Return the query; raises QueryRefused."""
        first = self._add_source(self.tree.args["from_"])
        rows = self._join_views(first)
        where = self._where(self.tree, self.scope)
        conditions = [render(each) for each in where if not any(find_joined(each))]
        conditions += _have_days(self.sources.values())
        self.with_joined += [each for each in where if any(find_joined(each))]
        grouped, groups = self._grouped()
        columns = tuple(self._columns(grouped))
        thresholds = tuple(self._thresholds(columns))
        # Before the measure is known: what rows are sorted by is counted as well.
        order = tuple(self._order(columns, grouped))
        counted = CountSpec(
            view=first.view.table,
            first=first.rows,
            rows=rows,
            conditions=tuple(conditions),
            joined=self._joined_conditions(),
            by=tuple(dimension for _, dimension in groups),
            values=tuple(
                dimension_text(source.rows, dimension) for source, dimension in groups
            ),
            measure=self._measure(first),
            distribution=self._distribution_of(first),
        )
        return Query(
            text=self.text,
            counted=counted,
            columns=columns,
            thresholds=thresholds,
            order=order,
            limit=self._limit(),
        )

    def _add_source(
        self, node: "Expression", sources: dict[str, Source] | None = None
    ) -> Source:
        """Add a view after FROM or JOIN, under the name that it is given."""
        sources = self.sources if sources is None else sources
        table = node.this
        if is_a(node, "From"):
            require_only(node, "this")
        if not is_a(table, "Table"):
            raise unsupported()
        require_only(table, "this", "db", "alias")
        name = name_of(table.this)
        schema = name_of(part(table, "db")) if part(table, "db") else SCHEMA
        if name not in VIEWS or schema != SCHEMA:
            raise QueryRefused(
                Sentence(
                    "There is no view {name} here. Use one of: {views}.",
                    name=name if schema == SCHEMA else f"{schema}.{name}",
                    views=", ".join(VIEWS),
                )
            )
        alias = part(table, "alias")
        if alias:
            require_only(alias, "this")
            name_there = name_of(alias.this)
        else:
            name_there = name
        if name_there in sources:
            raise QueryRefused(
                Sentence("Give each view a name of its own: FROM visits v, as v.")
            )
        self.number_of_sources += 1
        if self.number_of_sources > MOST_SOURCES:
            raise QueryRefused(
                Sentence("A query can have at most {most} views.", most=MOST_SOURCES)
            )
        view = VIEWS[name]
        # No typed name appears in what is run.
        rows = view.table.alias(f"view_{self.number_of_sources}")
        sources[name_there] = source = Source(view, rows)
        return source

    def _join_views(self, first: Source) -> FromClause:
        rows = first.rows
        for join in part(self.tree, "joins") or ():
            require_only(join, "this", "on", "using", "kind", "side")
            is_inner = part(join, "kind") in {None, "", "INNER"}
            if not is_inner or part(join, "side") or not part(join, "on"):
                raise QueryRefused(
                    Sentence(
                        "Join views as JOIN visits v ON v.patient_id = d.patient_id; "
                        "ask for what is missing with NOT EXISTS."
                    )
                )
            before = dict(self.sources)
            source = self._add_source(join)
            own = {name: s for name, s in self.sources.items() if s is source}
            require_same_patient(join.args["on"], self.scope, own, [before])
            on = _parts(condition(join.args["on"], self.scope))
            self.with_joined += [each for each in on if any(find_joined(each))]
            plain = AllOf(tuple(each for each in on if not any(find_joined(each))))
            rows = rows.join(source.rows, render(plain))
        return rows

    def _joined_conditions(self) -> Condition | None:
        """Return the conditions about which few might decide; None without any."""
        if not self.with_joined:
            return None
        conditions = AllOf(tuple(self.with_joined))
        if len(list(find_joined(conditions))) > MOST_JOINED:
            raise QueryRefused(
                Sentence(
                    "OR, NOT and lists of terms or codes in two columns can join at "
                    "most {most} conditions in a query: of each it is counted how "
                    "many patients it brings in and leaves out. Ask for some of them "
                    "in a separate query.",
                    most=MOST_JOINED,
                )
            )
        return conditions

    def _where(self, tree: "Expression", scope: NameScope) -> tuple[Condition, ...]:
        where = part(tree, "where")
        if where is None:
            return ()
        require_only(where, "this")
        return _parts(condition(where.this, scope))

    def _exists(self, node: "Expression", scope: NameScope) -> Condition:
        tree = _select_of(node)
        require_only(tree, "expressions", "from_", "where")
        for each in part(tree, "expressions") or ():
            if not is_a(each, "Star", "Literal"):
                raise QueryRefused(
                    Sentence("Write EXISTS as EXISTS (SELECT 1 FROM ... WHERE ...).")
                )
        if part(tree, "from_") is None:
            raise unsupported()
        sources: dict[str, Source] = {}
        source = self._add_source(tree.args["from_"], sources)
        inner = scope.within(sources)
        where = part(tree, "where")
        require_same_patient(
            where.this if where else None, inner, sources, scope.sources
        )
        have_days = tuple(map(Predicate, _have_days(sources.values())))
        return Existing(
            AllOf((*self._where(tree, inner), *have_days)),
            lambda is_such: (
                exists()
                .select_from(source.rows)
                .where(is_such)
                .correlate_except(source.rows)
            ),
        )

    def _grouped(
        self,
    ) -> tuple[list[tuple[Source, str, Dimension]], list[tuple[Source, Dimension]]]:
        group = part(self.tree, "group")
        grouped: list[tuple[Source, str, Dimension]] = []
        if group is not None:
            require_only(group, "expressions")
            grouped = [self._group(each) for each in part(group, "expressions") or ()]
        if len(grouped) > MOST_GROUPS:
            raise QueryRefused(
                Sentence("Group by at most {most} columns.", most=MOST_GROUPS)
            )
        if len(set(grouped)) < len(grouped):
            raise QueryRefused(Sentence("Group by each column once."))
        return grouped, [(source, dimension) for source, _, dimension in grouped]

    def _group(self, node: Any) -> tuple[Source, str, Dimension]:
        node = without_parentheses(node)
        if is_a(node, "Literal") and not part(node, "is_string"):
            node = self._selected_at(node)
        elif is_a(node, "Column") and not part(node, "table"):
            node = self._selected_as(name_of(node.this)) or node
        return self._dimension(node)

    def _selected_at(self, node: "Expression") -> Any:
        """Return the expression at a place after SELECT, counted from one."""
        items = part(self.tree, "expressions")
        place = number_of(node)
        if place != int(place) or not 0 < place <= len(items):
            raise QueryRefused(
                Sentence("There is no column {place} after SELECT.", place=place)
            )
        item = items[int(place) - 1]
        return item.this if is_a(item, "Alias") else item

    def _selected_as(self, name: str) -> Any:
        """Return what has an alias after SELECT; None if a column has the name."""
        if any(name in source.view.columns for source in self.sources.values()):
            return None
        for item in part(self.tree, "expressions"):
            if is_a(item, "Alias") and name_of(item.args["alias"]) == name:
                return item.this
        return None

    def _dimension(self, node: Any) -> tuple[Source, str, Dimension]:
        """Return the column that rows are grouped by; raises QueryRefused."""
        node = without_parentheses(node)
        if is_a(node, "TimestampTrunc"):
            require_only(node, "this", "unit")
            period = _PERIODS.get(str(part(node, "unit").this).upper())
            source, name = self._column(node.this)
            if period and name == "occurred_on":
                return source, name, period
            raise QueryRefused(
                Sentence(
                    "Group days as date_trunc('month', occurred_on), or by 'quarter' "
                    "or 'year'."
                )
            )
        source, name = self._column(node)
        dimension = source.view.dimension_of(name)
        if dimension is None:
            raise QueryRefused(
                Sentence(
                    "You cannot group by {name}. Use one of: {columns}.",
                    name=name,
                    columns=", ".join(
                        each
                        for each in source.view.columns
                        if source.view.dimension_of(each)
                    ),
                )
            )
        return source, name, dimension

    def _is_groupable(self, node: "Expression") -> bool:
        if not is_a(node, "Column"):
            return True
        source, name = self._column(node)
        return source.view.dimension_of(name) is not None

    def _column(self, node: Any) -> tuple[Source, str]:
        node = without_parentheses(node)
        if not is_a(node, "Column"):
            raise unsupported()
        return self.scope.find(node)

    def _columns(
        self, grouped: Sequence[tuple[Source, str, Dimension]]
    ) -> Iterator[OutputColumn]:
        names: set[str] = set()
        for item in part(self.tree, "expressions"):
            if is_a(item, "Star") or (is_a(item, "Column") and is_a(item.this, "Star")):
                raise QueryRefused(
                    Sentence(
                        "Rows are counted here, not listed: write count(*) after "
                        "SELECT, next to the columns you group by."
                    )
                )
            node, name = item, None
            if is_a(item, "Alias"):
                require_only(item, "this", "alias")
                node, name = item.this, name_of(item.args["alias"])
            content = self._content(node)
            if content is None:
                key = self._dimension(node)
                if key not in grouped:
                    raise QueryRefused(
                        Sentence(
                            "Each column after SELECT must be a number or be in GROUP "
                            "BY as well; {name} is not.",
                            name=key[1],
                        )
                    )
                column = OutputColumn(name or key[1], grouped.index(key))
            else:
                column = OutputColumn(name or content.value, content)
            if column.name in names:
                raise QueryRefused(
                    Sentence("Give each column a name of its own: count(*) AS visits.")
                )
            names.add(column.name)
            yield column
        if not self.contents:
            raise QueryRefused(
                Sentence(
                    "Rows of patients are not shown. Count them with count(DISTINCT "
                    "patient_id), or events with count(*)."
                )
            )

    def _content(self, node: Any) -> Content | None:
        """Return the measure that a node asks for; None if it asks for none."""
        node = without_parentheses(node)
        if is_a(node, "Count"):
            return self._counted(node)
        if is_a(node, "Avg"):
            require_only(node, "this")
            self._add_distribution(node.this)
            return Content.MEAN
        if is_a(node, "WithinGroup"):
            return self._percentile(node)
        if not is_a(node, "Column", "TimestampTrunc"):
            raise unsupported()
        return None

    def _counted(self, node: "Expression") -> Content:
        require_only(node, "this")
        if is_a(node.this, "Star"):
            require_only(node.this)
            self.contents.add(FigureMeasure.EVENTS)
            return Content.NUMBER
        if is_a(node.this, "Distinct"):
            require_only(node.this, "expressions")
            names = [self._column(each)[1] for each in node.this.expressions]
            if names == [PATIENT]:
                self.contents.add(FigureMeasure.PATIENTS)
                return Content.NUMBER
        raise QueryRefused(
            Sentence(
                "Count events with count(*), patients with count(DISTINCT patient_id)."
            )
        )

    def _percentile(self, node: "Expression") -> Content:
        require_only(node, "this", "expression")
        order, share = node.expression, node.this
        if not (is_a(share, "PercentileCont") and is_a(order, "Order")):
            raise unsupported()
        require_only(share, "this")
        require_only(order, "expressions")
        is_number = is_a(share.this, "Literal") and not part(share.this, "is_string")
        content = _PERCENTILES.get(str(share.this.this)) if is_number else None
        if content is None or len(order.expressions) != 1:
            raise QueryRefused(
                Sentence(
                    "Ask for a percentile as percentile_cont(0.5) WITHIN GROUP (ORDER "
                    "BY age), with 0.25, 0.5, 0.75 or 0.9."
                )
            )
        [ordered] = order.expressions
        require_only(ordered, "this")
        self._add_distribution(ordered.this)
        return content

    def _add_distribution(self, node: Any) -> None:
        source, name = self._column(node)
        if source.view.quantity_of(name) is None or source is not next(
            iter(self.sources.values())
        ):
            raise QueryRefused(
                Sentence(
                    "Means and percentiles can be of age, value, waiting_minutes or "
                    "days_booked_ahead of the view after FROM."
                )
            )
        if self.distribution not in {None, (source, name)}:
            raise QueryRefused(
                Sentence("A query can have means and percentiles of one column only.")
            )
        self.distribution = (source, name)
        self.contents.add(FigureMeasure.DISTRIBUTION)

    def _measure(self, first: Source) -> FigureMeasure:
        measures = set(self.contents)
        if not first.view.has_events and FigureMeasure.EVENTS in measures:
            # The rows of such a view are patients.
            measures = measures - {FigureMeasure.EVENTS} | {FigureMeasure.PATIENTS}
        if FigureMeasure.DISTRIBUTION in measures:
            measures.discard(FigureMeasure.PATIENTS)
        if len(measures) > 1:
            raise QueryRefused(
                Sentence(
                    "Ask for count(*) in a query without count(DISTINCT patient_id), "
                    "means and percentiles, and for those in a separate one."
                )
            )
        return measures.pop()

    def _distribution_of(self, first: Source) -> DistributionSpec | None:
        if self.distribution is None:
            return None
        _, name = self.distribution
        quantity = first.view.quantity_of(name)
        if quantity is None:  # _add_distribution() has seen to that
            raise unsupported()
        has_unit = name == "value"
        unit = func.coalesce(first.rows.c.unit, "") if has_unit else literal("")
        return DistributionSpec(quantity, first.rows.c[name], unit)

    def _thresholds(self, columns: Sequence[OutputColumn]) -> Iterator[Threshold]:
        having = part(self.tree, "having")
        if having is None:
            return
        require_only(having, "this")
        for node in conjuncts(having.this):
            operator = _OPERATORS.get(type(node).__name__)
            if operator is None:
                raise QueryRefused(
                    Sentence(
                        "Write HAVING as HAVING count(*) >= 20, with AND between "
                        "several."
                    )
                )
            require_only(node, "this", "expression")
            left, right = (
                without_parentheses(node.this),
                without_parentheses(node.expression),
            )
            if is_a(left, "Literal", "Neg"):
                left, right = right, left
                operator = _FLIPPED.get(operator, operator)
            content = self._number_called(left, columns)
            yield Threshold(content, operator, float(number_of(right)))

    def _number_called(self, node: Any, columns: Sequence[OutputColumn]) -> Content:
        if is_a(node, "Column") and not part(node, "table"):
            name = name_of(node.this)
            for column in columns:
                if column.name == name and isinstance(column.content, Content):
                    return column.content
        content = self._content(node)
        if content is None:
            raise QueryRefused(
                Sentence(
                    "HAVING is for numbers such as count(*); write conditions on rows "
                    "after WHERE."
                )
            )
        return content

    def _order(
        self,
        columns: Sequence[OutputColumn],
        grouped: Sequence[tuple[Source, str, Dimension]],
    ) -> Iterator[Ordering]:
        order = part(self.tree, "order")
        if order is None:
            return
        require_only(order, "expressions")
        for ordered in order.expressions:
            require_only(ordered, "this", "desc")
            place = self._place_of(without_parentheses(ordered.this), columns, grouped)
            yield Ordering(place, bool(part(ordered, "desc")))

    def _place_of(
        self,
        node: Any,
        columns: Sequence[OutputColumn],
        grouped: Sequence[tuple[Source, str, Dimension]],
    ) -> int:
        """Return the index of the column that rows are sorted by."""
        if is_a(node, "Literal") and not part(node, "is_string"):
            self._selected_at(node)
            return int(number_of(node)) - 1
        names = [column.name for column in columns]
        if is_a(node, "Column") and not part(node, "table"):
            name = name_of(node.this)
            if name in names:
                return names.index(name)
        content: Content | int | None = self._content(node)
        if content is None and self._is_groupable(node):
            key = self._dimension(node)
            content = grouped.index(key) if key in grouped else None
        for place, column in enumerate(columns):
            if column.content == content and content is not None:
                return place
        raise QueryRefused(
            Sentence("ORDER BY takes only columns that are listed after SELECT.")
        )

    def _limit(self) -> int:
        limit = part(self.tree, "limit")
        if limit is None:
            return MOST_ROWS
        if not is_a(limit, "Limit"):
            raise unsupported()
        require_only(limit, "expression")
        number = number_of(limit.expression)
        if number != int(number) or not 0 < number <= MOST_ROWS:
            raise QueryRefused(
                Sentence("LIMIT takes a number from 1 to {most:,}.", most=MOST_ROWS)
            )
        return int(number)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that have to be met together."""
    return condition.parts if isinstance(condition, AllOf) else (condition,)


def _have_days(sources: Iterable[Source]) -> list[ColumnElement[bool]]:
    """Return the conditions that events have a day.

    Without a day, nothing is disclosed of it by month, and it is no event.
    """
    return [
        source.rows.c.occurred_on.is_not(None)
        for source in sources
        if source.view.has_events
    ]


def _select_of(node: Any) -> "Expression":
    if not is_a(node, "Select"):
        raise unsupported()
    select: Expression = node
    return select
