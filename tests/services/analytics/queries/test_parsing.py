"""What is parsed from a text of SQL, and what is refused with which sentence."""

import logging

import pytest

from services.analytics.cohorts import Dimension
from services.analytics.figures import FigureMeasure, Quantity
from services.analytics.joined_conditions import find_joined
from services.analytics.queries import EXAMPLES, VIEWS, QueryRefused, parse
from services.analytics.queries.model import Content, OutputColumn

PATIENTS = "count(DISTINCT patient_id)"


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_are_queries(text):
    assert parse(text).columns


def test_a_query_is_its_views_conditions_groups_and_numbers():
    query = parse(
        "SELECT v.month, d.sex, count(DISTINCT v.patient_id) AS patients "
        "FROM visits AS v JOIN diagnoses d ON d.patient_id = v.patient_id "
        "WHERE d.term = 'Asthma' GROUP BY 1, d.sex "
        "HAVING count(DISTINCT v.patient_id) >= 20 ORDER BY patients DESC, 1 LIMIT 7;"
    )

    assert query.counted.by == (Dimension.MONTH, Dimension.SEX)
    assert query.counted.measure is FigureMeasure.PATIENTS
    assert query.columns == (
        OutputColumn("month", 0),
        OutputColumn("sex", 1),
        OutputColumn("patients", Content.NUMBER),
    )
    [threshold] = query.thresholds
    assert (threshold.operator, threshold.number) == (">=", 20)
    assert [(o.column, o.is_descending) for o in query.order] == [(2, True), (0, False)]
    assert query.limit == 7


def test_of_patients_a_row_is_a_patient_and_of_events_an_event():
    assert parse("SELECT count(*) FROM patients").counted.measure == "patients"
    assert parse("SELECT count(*) FROM visits").counted.measure == "events"


def test_means_and_percentiles_are_of_one_column():
    query = parse(
        "SELECT avg(age), percentile_cont(0.9) WITHIN GROUP (ORDER BY age) AS old, "
        f"{PATIENTS} FROM diagnoses"
    )

    assert query.counted.distribution is not None
    assert query.counted.distribution.quantity is Quantity.AGE
    assert [each.content for each in query.columns] == ["mean", "p90", "number"]


def test_what_was_typed_is_bound_and_no_name_of_it_is_run():
    from sqlalchemy.dialects import postgresql

    from services.analytics.queries import statements

    query = parse(
        "SELECT count(*) AS danger FROM visits AS drop_table "
        "WHERE drop_table.term = 'x''; DROP TABLE patients' AND age IN (3, 4) "
        "AND occurred_on - 3 > '2026-01-31'"
    )
    compiled = statements.select_counts(query.counted).compile(
        dialect=postgresql.dialect()
    )

    for typed in ("danger", "drop", "DROP", "2026"):
        assert typed not in str(compiled)
    assert "x'; DROP TABLE patients" in compiled.params.values()


REFUSED = {
    "nothing": ("", "Write one SELECT"),
    "no sql": ("hello there", "SQL cannot be read|not supported"),
    "half": ("SELECT count(*) FROM visits WHERE (", "SQL cannot be read"),
    "two": ("SELECT count(*) FROM visits; SELECT 1", "one SELECT"),
    "control": ("SELECT count(*) FROM visits\x00", "invisible"),
    "bell": ("SELECT count(*) FROM visits WHERE term = 'a\x07'", "invisible"),
    "turned": ("SELECT count(*) FROM visits -- \u202e txet", "invisible"),
    "isolated": ("SELECT count(*) FROM visits WHERE term = '\u2066a'", "invisible"),
    "joined": ("SELECT count(*) FROM visits WHERE term = 'a\u200db'", "invisible"),
    "return": ("SELECT count(*) FROM visits\r-- x", "invisible"),
    "long": (f"SELECT count(*) FROM visits -- {'x' * 4000}", "4,000"),
    "delete": ("DELETE FROM visits", "change nothing"),
    "set": ("SET ROLE postgres", "not supported"),
    "copy": ("COPY visits TO PROGRAM 'id'", "not supported"),
    "explain": ("EXPLAIN ANALYZE SELECT count(*) FROM visits", "not supported"),
    "call": ("CALL x()", "not supported"),
    "do": ("DO $$ BEGIN END $$", "not supported|plain single"),
    "table": ("TABLE visits", "not supported|Rows are counted here"),
    "values": ("VALUES (1)", "not supported"),
    "rows": ("SELECT term FROM visits GROUP BY term", "Rows of patients"),
    "star": ("SELECT * FROM visits", "Rows are counted here"),
    "star of a view": ("SELECT v.*, count(*) FROM visits v", "Rows are counted here"),
    "no view": ("SELECT count(*)", "not supported"),
    "catalog": ("SELECT count(*) FROM pg_stats", "no view pg_stats"),
    "schema": ("SELECT count(*) FROM pg_catalog.visits", "no view pg_catalog.visits"),
    "public": ("SELECT count(*) FROM public.patients", "no view public.patients"),
    "database": ("SELECT count(*) FROM a.analytics.visits", "not supported"),
    "information": ("SELECT count(*) FROM information_schema.tables", "no view"),
    "function": ("SELECT count(*) FROM generate_series(1, 9)", "not supported"),
    "sleep": ("SELECT pg_sleep(9)", "not supported"),
    "sleeps": (
        "SELECT count(*) FROM visits WHERE pg_sleep(9) IS NULL",
        "not supported",
    ),
    "setting": ("SELECT set_config('role', 'x', true) FROM visits", "not supported"),
    "current": ("SELECT current_setting('x') FROM visits", "not supported"),
    "user": ("SELECT count(*) FROM visits WHERE current_user = 'x'", "not supported"),
    "file": ("SELECT pg_read_file('/etc/passwd')", "not supported"),
    "large": ("SELECT lo_import('x') FROM visits", "not supported"),
    "cast": ("SELECT count(*) FROM visits WHERE term::int > 1", "not supported"),
    "cast in words": (
        "SELECT count(*) FROM visits WHERE CAST(term AS int) > 1",
        "not supported",
    ),
    "cast of a day": (
        "SELECT count(*) FROM visits WHERE occurred_on > DATE '2026-01-01'",
        "not supported",
    ),
    "division": ("SELECT count(*) FROM visits WHERE 1 / age > 0", "not supported"),
    "divided count": ("SELECT count(*) / 0 FROM visits", "not supported"),
    "case": (
        "SELECT count(*) FROM visits WHERE CASE WHEN age > 3 THEN true END",
        "not supported",
    ),
    "case in count": (
        "SELECT count(CASE WHEN term = 'x' THEN 1 END) FROM visits",
        "Count events",
    ),
    "filter": ("SELECT count(*) FILTER (WHERE age > 3) FROM visits", "not supported"),
    "sum": ("SELECT sum(age) FROM visits", "not supported"),
    "max": ("SELECT max(age) FROM visits", "not supported"),
    "string": ("SELECT string_agg(term, '') FROM visits", "not supported"),
    "array": ("SELECT array_agg(patient_id) FROM visits", "not supported"),
    "json": ("SELECT to_jsonb(visits) FROM visits", "not supported"),
    "window": ("SELECT count(*) OVER () FROM visits", "not supported"),
    "named window": (
        "SELECT count(*) FROM visits WINDOW w AS (PARTITION BY sex)",
        "not supported",
    ),
    "distinct": ("SELECT DISTINCT count(*) FROM visits", "not supported"),
    "union": (
        "SELECT count(*) FROM visits UNION SELECT count(*) FROM vitals",
        "not supported",
    ),
    "except": (
        "SELECT count(*) FROM visits EXCEPT SELECT count(*) FROM vitals",
        "not supported",
    ),
    "with": ("WITH a AS (SELECT 1) SELECT count(*) FROM visits", "not supported"),
    "recursive": (
        "WITH RECURSIVE a AS (SELECT 1) SELECT count(*) FROM visits",
        "not supported",
    ),
    "subquery": ("SELECT count(*) FROM (SELECT * FROM visits) v", "not supported"),
    "scalar": ("SELECT (SELECT count(*) FROM visits) FROM visits", "not supported"),
    "in select": (
        "SELECT count(*) FROM visits WHERE age IN (SELECT 1)",
        "not supported",
    ),
    "any": (
        "SELECT count(*) FROM visits WHERE term = ANY (ARRAY['a'])",
        "not supported",
    ),
    "lateral": ("SELECT count(*) FROM LATERAL visits", "not supported"),
    "sample": (
        "SELECT count(*) FROM visits TABLESAMPLE SYSTEM (1)",
        "not supported",
    ),
    "lock": ("SELECT count(*) FROM visits FOR UPDATE", "not supported"),
    "into": ("SELECT count(*) INTO x FROM visits", "not supported"),
    "only": ("SELECT count(*) FROM ONLY visits", "not supported"),
    "columns": ("SELECT count(*) FROM visits AS v (a, b)", "not supported"),
    "offset": ("SELECT count(*) FROM visits OFFSET 1", "not supported"),
    "fetch": ("SELECT count(*) FROM visits FETCH FIRST ROW ONLY", "not supported"),
    "rollup": ("SELECT count(*) FROM visits GROUP BY ROLLUP (sex)", "not supported"),
    "all": ("SELECT count(*) FROM visits GROUP BY ALL", "not supported"),
    "sets": (
        "SELECT count(*) FROM visits GROUP BY GROUPING SETS ((sex))",
        "not supported",
    ),
    "collation": (
        'SELECT sex, count(*) FROM visits GROUP BY sex ORDER BY sex COLLATE "C"',
        "not supported",
    ),
    "regex": ("SELECT count(*) FROM visits WHERE term ~ '(a+)+$'", "not supported"),
    "similar": (
        "SELECT count(*) FROM visits WHERE term SIMILAR TO 'a'",
        "not supported",
    ),
    "escape": (
        "SELECT count(*) FROM visits WHERE term LIKE 'a' ESCAPE 'b'",
        "not supported",
    ),
    "backslash": (r"SELECT count(*) FROM visits WHERE term LIKE 'a\'", "backslash"),
    "pattern": ("SELECT count(*) FROM visits WHERE term LIKE code", "after LIKE"),
    "row": ("SELECT count(*) FROM visits WHERE (age, sex) = (1, 'a')", "not supported"),
    "whole row": ("SELECT count(*) FROM visits v WHERE v IS NULL", "no column “v”"),
    "hidden column": (
        "SELECT count(*) FROM visits WHERE ctid IS NULL",
        "no column “ctid”",
    ),
    "name": (
        "SELECT count(*) FROM patients WHERE last_name = 'X'",
        "no column “last_name”",
    ),
    "patient": (
        (
            "SELECT count(*) FROM visits WHERE patient_id = "
            "'00000000-0000-0000-0000-000000000000'"
        ),
        "with each other only",
    ),
    "order of patients": (
        (
            "SELECT count(*) FROM visits v JOIN vitals w "
            "ON w.patient_id = v.patient_id WHERE v.patient_id < w.patient_id"
        ),
        "not supported",
    ),
    "dollars": ("SELECT count(*) FROM visits WHERE term = $$a$$", "plain single"),
    "tagged": ("SELECT count(*) FROM visits WHERE term = $a$a$a$", "plain single"),
    "escapes": (r"SELECT count(*) FROM visits WHERE term = E'\x41'", "plain single"),
    "unicode": (r"SELECT count(*) FROM visits WHERE term = U&'\0041'", "plain single"),
    "bytes": ("SELECT count(*) FROM visits WHERE term = x'41'", "plain single"),
    "parameter": ("SELECT count(*) FROM visits WHERE term = $1", "not supported"),
    "fullwidth": ("SELECT count(*) FROM ｖisits", "lower-case letters"),
    "homoglyph": ("SELECT count(*) FROM vіsits", "lower-case letters"),
    "quoted": ('SELECT count(*) FROM "Visits"', "lower-case letters"),
    "dotless": ('SELECT count(*) FROM "vısits"', "lower-case letters"),
    "untied": ("SELECT count(*) FROM visits, vitals", "Join views as"),
    "cross": ("SELECT count(*) FROM visits CROSS JOIN vitals", "Join views as"),
    "on true": ("SELECT count(*) FROM visits JOIN vitals ON true", "by patient"),
    "on or": (
        (
            "SELECT count(*) FROM visits v JOIN vitals w "
            "ON w.patient_id = v.patient_id OR true"
        ),
        "by patient",
    ),
    "on itself": (
        "SELECT count(*) FROM visits v JOIN vitals w ON w.patient_id = w.patient_id",
        "by patient",
    ),
    "left": (
        (
            "SELECT count(*) FROM visits v LEFT JOIN vitals w "
            "ON w.patient_id = v.patient_id"
        ),
        "NOT EXISTS",
    ),
    "natural": ("SELECT count(*) FROM visits NATURAL JOIN vitals", "not supported"),
    "using": (
        "SELECT count(*) FROM visits JOIN vitals USING (patient_id)",
        "Join views as JOIN",
    ),
    "untied exists": (
        "SELECT count(*) FROM visits WHERE EXISTS (SELECT 1 FROM vitals)",
        "by patient",
    ),
    "tied in or": (
        (
            "SELECT count(*) FROM visits v WHERE EXISTS (SELECT 1 FROM vitals w "
            "WHERE w.patient_id = v.patient_id OR w.age > 3)"
        ),
        "by patient",
    ),
    "shadowed": (
        (
            "SELECT count(*) FROM visits v WHERE EXISTS (SELECT 1 FROM vitals v "
            "WHERE v.patient_id = v.patient_id)"
        ),
        "by patient",
    ),
    "nested exists": (
        (
            "SELECT count(*) FROM visits v WHERE EXISTS (SELECT 1 FROM vitals w "
            "WHERE w.patient_id = v.patient_id AND EXISTS (SELECT 1 FROM documents d "
            "WHERE d.patient_id = w.patient_id))"
        ),
        "not one within another",
    ),
    "exists grouped": (
        (
            "SELECT count(*) FROM visits v WHERE EXISTS (SELECT count(*) FROM vitals w "
            "WHERE w.patient_id = v.patient_id)"
        ),
        "Write EXISTS as",
    ),
    "five views": (
        "SELECT count(*) FROM visits v "
        + " ".join(
            f"JOIN vitals w{n} ON w{n}.patient_id = v.patient_id" for n in range(4)
        ),
        "at most 4 views",
    ),
    "twice": (
        (
            "SELECT count(*) FROM visits JOIN visits "
            "ON visits.patient_id = visits.patient_id"
        ),
        "name of its own",
    ),
    "ambiguous": (
        (
            "SELECT count(*) FROM visits v JOIN vitals w "
            "ON w.patient_id = v.patient_id WHERE age > 3"
        ),
        "Several views",
    ),
    "far days": (
        "SELECT count(*) FROM visits WHERE occurred_on + 9999999 > '2026-01-31'",
        "36,600",
    ),
    "sum of sums": (
        "SELECT count(*) FROM visits WHERE occurred_on - 9 - 9 > '2026-01-31'",
        "once",
    ),
    "two days": (
        "SELECT count(*) FROM visits WHERE occurred_on + month > '2026-01-31'",
        "once",
    ),
    "large number": (
        "SELECT count(*) FROM visits WHERE age > 99999999999999999999",
        "numbers as",
    ),
    "exponent": ("SELECT count(*) FROM visits WHERE age > 1e400", "numbers as"),
    "sum of ages": ("SELECT count(*) FROM visits WHERE age + 3 > 5", "sum for days"),
    "text as number": ("SELECT count(*) FROM visits WHERE age > '3'", "Compare text"),
    "number as text": ("SELECT count(*) FROM visits WHERE term = 3", "Compare text"),
    "no day": (
        "SELECT count(*) FROM visits WHERE occurred_on > 'infinity'",
        "'2026-01-31'",
    ),
    "week": (
        "SELECT count(*) FROM visits WHERE occurred_on > '2026-W05-1'",
        "'2026-01-31'",
    ),
    "not exists in exists": (
        (
            "SELECT count(*) FROM visits v WHERE EXISTS (SELECT 1 FROM vitals w "
            "WHERE w.patient_id = v.patient_id AND NOT EXISTS (SELECT 1 FROM "
            "documents d WHERE d.patient_id = w.patient_id))"
        ),
        "not one within another",
    ),
    "order of unlike text": (
        "SELECT count(*) FROM diagnoses WHERE code IN ('a', 'z') AND code < age_band",
        "of two views",
    ),
    "order of text and sex": (
        "SELECT count(*) FROM diagnoses WHERE sex >= term_key",
        "of two views",
    ),
    "order of unlike numbers": (
        "SELECT count(*) FROM visits WHERE waiting_minutes <= age",
        "of two views",
    ),
    "order of days between": (
        "SELECT count(*) FROM diagnoses WHERE ended_on - occurred_on > age",
        "of two views",
    ),
    "only literals": ("SELECT count(*) FROM visits WHERE 1 = 1", "with something"),
    "many": (
        f"SELECT count(*) FROM visits WHERE age IN ({', '.join(['1'] * 101)})",
        "100 values",
    ),
    "conditions": (
        "SELECT count(*) FROM visits WHERE " + " AND ".join(["age > 1"] * 60),
        "50 conditions",
    ),
    "deep": (
        f"SELECT count(*) FROM visits WHERE {'NOT ' * 900}is_no_show",
        "50 conditions|not supported|SQL cannot be read",
    ),
    "brackets": (
        f"SELECT count(*) FROM visits WHERE {'(' * 1900}is_no_show{')' * 1900}",
        "not supported|SQL cannot be read",
    ),
    "days": (
        "SELECT occurred_on, count(*) FROM visits GROUP BY occurred_on",
        "You cannot group by occurred_on",
    ),
    "of a day": (
        "SELECT count(*) FROM visits GROUP BY date_trunc('day', occurred_on)",
        "date_trunc",
    ),
    "by patient": (
        "SELECT patient_id, count(*) FROM visits GROUP BY patient_id",
        "You cannot group by patient_id",
    ),
    "birth year": (
        "SELECT count(*) FROM patients GROUP BY birth_year",
        "You cannot group by birth_year",
    ),
    "three groups": (
        "SELECT count(*) FROM visits GROUP BY sex, term, status",
        "at most 2 columns",
    ),
    "not grouped": ("SELECT sex, count(*) FROM visits", "sex is not"),
    "place": ("SELECT count(*) FROM visits GROUP BY 5", "no column 5"),
    "one patient": ("SELECT count(patient_id) FROM visits", "Count events"),
    "two counts": (
        f"SELECT count(*) AS a, {PATIENTS} AS b FROM visits",
        "a separate one",
    ),
    "having the other": (
        f"SELECT count(*) FROM visits HAVING {PATIENTS} > 5",
        "a separate one",
    ),
    "having rows": (
        "SELECT sex, count(*) FROM visits GROUP BY sex HAVING sex = 'female'",
        "HAVING|numbers as",
    ),
    "having or": (
        "SELECT count(*) FROM visits HAVING count(*) > 5 OR count(*) < 3",
        "HAVING as",
    ),
    "two spreads": (
        "SELECT avg(age) AS a, avg(waiting_minutes) AS b FROM visits",
        "one column",
    ),
    "joined mean": (
        (
            "SELECT avg(w.value) FROM visits v JOIN vitals w "
            "ON w.patient_id = v.patient_id"
        ),
        "after FROM",
    ),
    "any percentile": (
        "SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY age) FROM visits",
        "0.25",
    ),
    "negative percentile": (
        "SELECT percentile_cont(-0.5) WITHIN GROUP (ORDER BY age) FROM visits",
        "0.25",
    ),
    "percentile as text": (
        "SELECT percentile_cont('0.5') WITHIN GROUP (ORDER BY age) FROM visits",
        "0.25",
    ),
    "discrete": (
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY age) FROM visits",
        "not supported",
    ),
    "order": ("SELECT count(*) FROM visits ORDER BY sex", "ORDER BY takes"),
    "order of another count": (
        f"SELECT sex, {PATIENTS} FROM visits GROUP BY sex ORDER BY count(*)",
        "a separate one",
    ),
    "order of another count of patients": (
        f"SELECT sex, count(*) FROM visits GROUP BY sex ORDER BY {PATIENTS}",
        "a separate one",
    ),
    "order of events beside a mean": (
        f"SELECT avg(age), {PATIENTS} FROM visits ORDER BY count(*)",
        "a separate one",
    ),
    "order of a mean": (
        f"SELECT sex, {PATIENTS} FROM visits GROUP BY sex ORDER BY avg(age)",
        "ORDER BY takes",
    ),
    "nulls first": (
        "SELECT sex, count(*) FROM visits GROUP BY sex ORDER BY 2 NULLS FIRST",
        "Leave out NULLS",
    ),
    "nulls last": (
        "SELECT sex, count(*) FROM visits GROUP BY sex ORDER BY 2 nulls last",
        "Leave out NULLS",
    ),
    "nulls of a percentile": (
        (
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY age NULLS LAST) "
            "FROM visits"
        ),
        "Leave out NULLS",
    ),
    "flags in order": (
        "SELECT count(*) FROM visits WHERE is_no_show > true",
        "only with = and <>",
    ),
    "next of a sequence": (
        "SELECT nextval('audit_events_position_seq'), count(*) FROM visits",
        "not supported",
    ),
    "first of each": (
        "SELECT DISTINCT ON (sex) sex, count(*) FROM visits GROUP BY sex",
        "not supported",
    ),
    "number of a row": (
        "SELECT sex, count(*), row_number() OVER () FROM visits GROUP BY sex",
        "not supported",
    ),
    "least and most": ("SELECT min(age), max(age) FROM visits", "not supported"),
    "limit": ("SELECT count(*) FROM visits LIMIT 0", "LIMIT"),
    "much": ("SELECT count(*) FROM visits LIMIT 100000", "LIMIT"),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_on_the_list_is_refused_with_what_to_write(text, sentence):
    with pytest.raises(QueryRefused, match=sentence) as refused:
        parse(text)

    assert refused.value.property_name == "sql"


PLACES = {
    "misspelled": ("SELECT count(*) FORM visits", "beyond line 1, character 27"),
    "in a later line": (
        "SELECT month, count(*)\nFROM visits GROUP month",
        "beyond line 2, character 23",
    ),
    "only a comment": ("-- nothing yet", "no query in this text"),
    "long": (f"SELECT count(*) FROM visits -- {'x' * 4969}", "this one has 5,000"),
    "invisible": ("SELECT count(*)\nFROM visits\u200b", "Line 2 has a character"),
    "column": (
        "SELECT speciality, count(*) FROM visits GROUP BY speciality",
        "no column “speciality”. They have: patient_id, sex, term,",
    ),
    "with": ("WITH a AS (SELECT 1) SELECT count(*) FROM visits", "^WITH is not"),
    "union": (
        "SELECT count(*) FROM visits UNION SELECT count(*) FROM vitals",
        "^UNION is not",
    ),
    "division": ("SELECT count(*) / 0 FROM visits", "^/ is not"),
    "cast": ("SELECT count(*) FROM visits WHERE term::int > 1", r"^CAST \(::\) is not"),
    "today": (
        "SELECT count(*) FROM visits WHERE occurred_on > CURRENT_DATE - 90",
        "does not know today's date. Write days as",
    ),
    "subquery": ("SELECT count(*) FROM (SELECT * FROM visits) v", "^A SELECT in"),
    "another event": (
        "SELECT count(*) FROM visits WHERE patient_id IN (SELECT 1 FROM vitals)",
        "write EXISTS",
    ),
    "function": ("SELECT Quote_Literal(term) FROM visits", "^quote_literal.. is not"),
    "distinct rows": ("SELECT DISTINCT sex FROM visits", "^SELECT DISTINCT is not"),
    "count of a row": (
        "SELECT sex, count(*) FROM visits WHERE count(*) > 9 GROUP BY sex",
        "after GROUP BY: HAVING",
    ),
    "order": (
        "SELECT sex, count(*) FROM visits GROUP BY sex ORDER BY age",
        "^ORDER BY takes only",
    ),
    "sex": ("SELECT count(*) FROM visits WHERE sex = 'f'", "^sex has only .*'female'"),
    "status": (
        "SELECT count(*) FROM visits WHERE status IN ('completed', 'done')",
        "^status has only these values: 'scheduled'",
    ),
    "type": (
        "SELECT count(*) FROM documents WHERE 'letters' <> term",
        "^term has only these values",
    ),
    "update": ("UPDATE visits SET sex = 'male'", "change nothing"),
    "drop": ("DROP TABLE visits", "change nothing"),
}


@pytest.mark.parametrize(("text", "sentence"), PLACES.values(), ids=PLACES)
def test_a_refusal_says_where_in_the_text_it_lies(text, sentence):
    with pytest.raises(QueryRefused, match=sentence):
        parse(text)


# By the number of conditions that OR and NOT join in each: one column counts as one.
JOINED = {
    "or of two columns": (
        "SELECT count(*) FROM visits WHERE term = 'a' OR age = 93",
        2,
    ),
    "or of two views": (
        (
            "SELECT count(*) FROM visits v JOIN visits w ON w.patient_id = "
            "v.patient_id WHERE v.age = 93 OR w.age = 93"
        ),
        2,
    ),
    "or in join": (
        (
            "SELECT count(*) FROM visits v JOIN vitals w ON w.patient_id = "
            "v.patient_id AND (v.term = 'a' OR w.age = 93)"
        ),
        2,
    ),
    "or in exists": (
        (
            "SELECT count(*) FROM visits v WHERE EXISTS (SELECT 1 FROM vitals w "
            "WHERE w.patient_id = v.patient_id AND (w.unit = 'kg' OR w.age = 93))"
        ),
        2,
    ),
    "or deeper": (
        "SELECT count(*) FROM visits WHERE term = 'a' OR (term = 'b' OR sex = 'male')",
        3,
    ),
    "or of both": (
        "SELECT count(*) FROM visits WHERE term = 'a' OR (term = 'b' AND sex = 'male')",
        3,
    ),
    "or exists": (
        (
            "SELECT count(*) FROM visits v WHERE v.term = 'a' OR EXISTS (SELECT 1 "
            "FROM vitals w WHERE w.patient_id = v.patient_id)"
        ),
        2,
    ),
    "or not exists": (
        (
            "SELECT count(*) FROM visits v WHERE v.term = 'a' OR NOT EXISTS "
            "(SELECT 1 FROM vitals w WHERE w.patient_id = v.patient_id)"
        ),
        2,
    ),
    "or of a comparison of two": (
        "SELECT count(*) FROM diagnoses WHERE term = 'a' OR term = code",
        2,
    ),
    "not both": ("SELECT count(*) FROM visits WHERE NOT (term = 'a' AND age = 93)", 2),
    "not both of one column": (
        "SELECT count(*) FROM visits WHERE NOT (age > 90 AND age < 95)",
        0,
    ),
    "not either": (
        "SELECT count(*) FROM visits WHERE NOT (term = 'a' OR term = 'b')",
        0,
    ),
    "not not": ("SELECT count(*) FROM visits WHERE NOT NOT is_no_show", 0),
    "not not exists": (
        (
            "SELECT count(*) FROM visits v WHERE NOT (NOT EXISTS (SELECT 1 FROM "
            "vitals w WHERE w.patient_id = v.patient_id))"
        ),
        1,
    ),
    "not and exists": (
        (
            "SELECT count(*) FROM visits v WHERE NOT (v.age = 93 AND EXISTS "
            "(SELECT 1 FROM vitals w WHERE w.patient_id = v.patient_id))"
        ),
        2,
    ),
    "not of two columns": (
        "SELECT count(*) FROM diagnoses WHERE NOT occurred_on < ended_on",
        1,
    ),
    "unequal columns": ("SELECT count(*) FROM diagnoses WHERE term <> code", 1),
    "unequal days between": (
        "SELECT count(*) FROM diagnoses WHERE 3 <> ended_on - occurred_on",
        1,
    ),
    "days between not in": (
        "SELECT count(*) FROM diagnoses WHERE ended_on - occurred_on NOT IN (1, 2)",
        2,
    ),
    "days between in": (
        "SELECT count(*) FROM diagnoses WHERE ended_on - occurred_on IN (1, 2, 3)",
        3,
    ),
    "one list of terms": (
        "SELECT count(*) FROM diagnoses WHERE term IN ('a', 'b', 'c') AND code = 'd'",
        0,
    ),
    "two lists of one column": (
        (
            "SELECT count(*) FROM diagnoses WHERE term IN ('a', 'b', 'c') "
            "AND (term = 'a' OR term = 'd')"
        ),
        0,
    ),
    "terms and codes": (
        (
            "SELECT count(*) FROM diagnoses WHERE term IN ('a', 'b', 'c') "
            "AND code IN ('e', 'f')"
        ),
        5,
    ),
    "terms and ages": (
        (
            "SELECT count(*) FROM diagnoses WHERE term IN ('a', 'b', 'c') "
            "AND age IN (3, 4)"
        ),
        0,
    ),
    "terms in two exists": (
        "SELECT count(*) FROM patients p WHERE "
        + " AND ".join(
            f"EXISTS (SELECT 1 FROM {view} WHERE {view}.patient_id = p.patient_id "
            "AND term IN ('a', 'b'))"
            for view in ("diagnoses", "procedures")
        ),
        4,
    ),
    "terms and another's pattern": (
        (
            "SELECT count(*) FROM visits v JOIN diagnoses d ON d.patient_id = "
            "v.patient_id AND d.term IN ('a', 'b') WHERE v.term LIKE 'c%'"
        ),
        0,
    ),
    "terms and without another's": (
        (
            "SELECT count(*) FROM visits v JOIN diagnoses d ON d.patient_id = "
            "v.patient_id AND d.term IN ('a', 'b') WHERE v.term NOT IN ('c', 'd')"
        ),
        4,
    ),
    "days between one": (
        "SELECT count(*) FROM diagnoses WHERE ended_on - occurred_on IN (1)",
        0,
    ),
    "days between between": (
        "SELECT count(*) FROM diagnoses WHERE ended_on - occurred_on BETWEEN 1 AND 2",
        0,
    ),
    "days between not between": (
        (
            "SELECT count(*) FROM diagnoses WHERE ended_on - occurred_on NOT "
            "BETWEEN 1 AND 2"
        ),
        2,
    ),
}


@pytest.mark.parametrize(("text", "number"), JOINED.values(), ids=JOINED)
def test_each_condition_that_or_and_not_join_is_known(text, number):
    condition = parse(text).counted.joined

    assert (condition is not None) == (number > 0)
    assert len(list(find_joined(condition)) if condition else []) == number


def test_days_and_one_column_of_two_views_are_put_in_order():
    for condition in ("v.occurred_on > d.ended_on + 90", "v.age >= d.age"):
        assert parse(
            "SELECT count(*) FROM visits v JOIN diagnoses d "
            f"ON d.patient_id = v.patient_id AND {condition}"
        )


def test_few_conditions_are_joined_and_many_are_of_one_column():
    pairs = " OR ".join(f"age = {n} AND sex = 'female'" for n in range(7))
    ages = " OR ".join(f"age = {n}" for n in range(40))

    with pytest.raises(QueryRefused, match="join at most 12 conditions"):
        parse(f"SELECT count(*) FROM visits WHERE {pairs}")
    assert parse(f"SELECT count(*) FROM visits WHERE {ages}").counted.joined is None


@pytest.mark.parametrize(
    "condition",
    [
        'term = "asthma"',
        'term = "Bronchial asthma"',
        '"asthma" = term',
        'term LIKE "asthma%"',
        'term IN ("asthma", "gout")',
        "term = asthma",
    ],
)
def test_whoever_writes_text_in_double_quotes_is_told_of_single_ones(condition):
    with pytest.raises(QueryRefused) as refused:
        parse(f"SELECT count(*) FROM diagnoses WHERE {condition}")

    names_single_quotes = "in single quotes: 'like this'" in str(refused.value)
    assert names_single_quotes == ('"' in condition)
    # The text may be somebody's illness.
    assert not names_single_quotes or "asthma" not in str(refused.value)


@pytest.mark.parametrize("text", ["EXPLAIN SELECT 'Secret'", "SELECT 'Secret' FROM ("])
def test_nothing_of_a_text_stands_in_a_log_or_a_refusal(text, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(QueryRefused) as refused:
        parse(text)

    assert "Secret" not in f"{caplog.text}{refused.value}"
    assert refused.value.__cause__ is None


def test_comments_are_passed_over_and_hide_nothing():
    query = parse("SELECT /* all */ count(*) -- UNION\nFROM visits /* ; DROP */")

    assert query.counted.conditions
    with pytest.raises(QueryRefused, match="not supported"):
        parse("SELECT count(*) FROM visits -- x\nUNION SELECT 1")


def test_no_view_that_is_offered_has_what_names_somebody():
    columns = {name for view in VIEWS.values() for name in view.columns}

    assert not columns & {"first_name", "last_name", "date_of_birth", "id", "content"}
