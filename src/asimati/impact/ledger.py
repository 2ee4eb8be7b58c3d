"""The statements behind the figures. The ledger is folded in one place, for tallies and for their proof alike.

`kept` is how many of a cell's people are told apart by number (see `rules.unique_people`).
"""

from __future__ import annotations

from sqlalchemy import text

from asimati.impact.disclosure import BLANK, DIMENSIONS
from asimati.impact.rules import VERSION_LINES

_DIMENSIONS = ", ".join(DIMENSIONS)
_KNOWN = ", ".join(
    f"coalesce(max(nullif({name}, '{blank}')), '{blank}') AS {name}" for name, blank in BLANK.items()
)
_TAKEN_BACK = f"""
    INSERT INTO contribution (id, measure, measure_version, source, line, goal, target, period, "on",
                              {_DIMENSIONS}, amount, who, message_id)
    SELECT gen_random_uuid(), c.measure, c.measure_version, c.source, -1 - c.line, c.goal, c.target, c.period,
           c."on", {_DIMENSIONS}, -c.amount, c.who, v.message_id
    FROM contribution c
    JOIN measure m ON m.code = c.measure
    JOIN voided v ON v.topic = m.voided_by AND v.source = c.source
    WHERE {{which}} AND c.line >= 0
    ON CONFLICT DO NOTHING
    RETURNING measure, period
"""  # noqa: S608 - nothing of a caller's goes in
# What was taken back is taken out line by line, by what stands in the ledger and not by what the rule says today.
TAKE_BACK = text(_TAKEN_BACK.format(which="c.source = ANY(:sources)"))
TAKE_BACK_ALL = text(_TAKEN_BACK.format(which="c.measure = :measure"))

# The lines of somebody who has another number now: taken out as a void would take them, and added again with it.
# The act is in the ledger as often as before, sums are untouched, and whoever voids it later finds both.
RENUMBER = text(
    f"""
    WITH theirs AS (
        SELECT c.*, (
            SELECT max(x.line) FROM contribution x
            WHERE x.measure = c.measure AND x.source = c.source AND x.line >= 0
              AND x.line / {VERSION_LINES} = c.line / {VERSION_LINES}
        ) + row_number() OVER (PARTITION BY c.measure, c.source, c.line / {VERSION_LINES} ORDER BY c.line) AS free
        FROM contribution c
        WHERE c.who = :former AND c.line >= 0 AND NOT EXISTS (
            SELECT FROM contribution b
            WHERE b.measure = c.measure AND b.source = c.source AND b.line = -1 - c.line)
    )
    INSERT INTO contribution (id, measure, measure_version, source, line, goal, target, period, "on",
                              {_DIMENSIONS}, amount, who, message_id)
    SELECT gen_random_uuid(), measure, measure_version, source, -1 - line, goal, target, period, "on",
           {_DIMENSIONS}, -amount, who, message_id
    FROM theirs
    UNION ALL
    SELECT gen_random_uuid(), measure, measure_version, source, free, goal, target, period, "on",
           {_DIMENSIONS}, amount, :who, message_id
    FROM theirs
    RETURNING measure, period
    """  # noqa: S608 - nothing of a caller's goes in
)

_CELL = f"measure, period, target, {_DIMENSIONS}"
# One pass over the ledger, gathered into cells; only lines of the rule in force count. A line taken back and the
# one that takes it back leave the sum as it was and cancel out among the people: whoever has a line that stands is
# counted, once. An act without a known person stands for somebody of its own. Telling the lines of a cell apart
# by person first would be a second grouping of the whole ledger, by its widest key.
FOLD = f"""
    SELECT {_CELL}, split_part(target, '.', 1)::int AS goal, trim_scale(value) AS value, people, someones
    FROM (SELECT {_CELL}, measure_version, sum(amount) AS value,
                 array_agg(someone) FILTER (WHERE line >= 0) AS came,
                 array_agg(someone) FILTER (WHERE line < 0) AS went
          FROM contribution {{where}} GROUP BY {_CELL}, measure_version) AS gathered
    JOIN (SELECT code, version FROM measure) AS rule ON code = measure AND version = measure_version
    CROSS JOIN LATERAL (
        SELECT count(*)::int AS people, (array_agg(one ORDER BY one))[1 : CAST(:kept AS int)] AS someones
        FROM (SELECT one
              FROM (SELECT one FROM unnest(came) AS one EXCEPT ALL SELECT * FROM unnest(went)) AS standing
              GROUP BY one) AS each) AS behind
    WHERE people > 0
"""  # noqa: S608 - nothing of a caller's goes in
_COLUMNS = f"{_CELL}, goal, value, people, someones"

FILL_ALL = text(f"INSERT INTO tally_cell ({_COLUMNS}) {FOLD.format(where='')}")
FILL_ONE = text(
    f"INSERT INTO tally_cell ({_COLUMNS}) " + FOLD.format(where="WHERE measure = :measure AND period = :period")
)
# Months whose cells are about to be made anew may differ for that moment; all others must not.
COMPARE = text(
    f"""
    WITH fold AS ({FOLD.format(where="")}), cells AS (SELECT {_COLUMNS} FROM tally_cell),
    difference AS ((TABLE fold EXCEPT TABLE cells) UNION ALL (TABLE cells EXCEPT TABLE fold))
    SELECT (SELECT count(*) FROM contribution) AS contributions,
           (SELECT count(*) FROM cells) AS cells,
           (SELECT count(DISTINCT (measure, period)) FROM tally_mark) AS pending,
           (SELECT count(*) FROM difference d WHERE NOT EXISTS (
              SELECT FROM tally_mark t WHERE t.measure = d.measure AND t.period = d.period)) AS differences
    """  # noqa: S608
)
# Where they differ: by how much the cells of a measure's month say more than the ledger, and how many do.
DIFFERENCES = text(
    f"""
    WITH fold AS ({FOLD.format(where="")}), cells AS (SELECT {_COLUMNS} FROM tally_cell),
    difference AS (
        SELECT *, -value AS more FROM (TABLE fold EXCEPT TABLE cells) AS missing
        UNION ALL SELECT *, value FROM (TABLE cells EXCEPT TABLE fold) AS wrong)
    SELECT measure, period, target, count(DISTINCT ({_DIMENSIONS}))::int AS cells, trim_scale(sum(more)) AS more
    FROM difference d
    WHERE NOT EXISTS (SELECT FROM tally_mark t WHERE t.measure = d.measure AND t.period = d.period)
    GROUP BY measure, period, target ORDER BY period DESC, measure, target LIMIT :most
    """  # noqa: S608
)
# The acts that stand in a month, by the measures and targets each counts in. A measure that does not ask for a
# dimension has written it down as unknown, another knows it.
ATOMS = text(
    f"""
    WITH standing AS (
        SELECT source, measure, target, min(someone) AS someone, sum(amount) AS amount, {_KNOWN}
        FROM contribution
        JOIN (SELECT code, version FROM measure) AS rule ON code = measure AND version = measure_version
        WHERE measure = ANY(:measures) AND period = :period
        GROUP BY source, measure, target HAVING sum(sign(line + 0.5)) > 0),
    acts AS (
        SELECT source, min(someone) AS someone, {_KNOWN},
               array_agg(measure || ' ' || target ORDER BY measure, target) AS tables,
               array_agg(measure ORDER BY measure, target) AS measures,
               array_agg(target ORDER BY measure, target) AS targets,
               array_agg(amount ORDER BY measure, target) AS amounts
        FROM standing GROUP BY source)
    SELECT {_DIMENSIONS}, tables, measure, target, trim_scale(sum(amount)) AS value,
           count(DISTINCT someone)::int AS people,
           (array_agg(DISTINCT someone ORDER BY someone))[1 : CAST(:kept AS int)] AS someones
    FROM acts, unnest(measures, targets, amounts) AS one (measure, target, amount)
    GROUP BY {_DIMENSIONS}, tables, measure, target ORDER BY {_DIMENSIONS}, tables, measure, target
    """  # noqa: S608
)
# What may be told of the former rule is what may be told of a month now: a withheld total stays so.
FREEZE = text(
    """
    INSERT INTO former_tally (measure, version, period, target, value)
    SELECT c.measure, :version, c.period, c.target, CASE WHEN bool_and(f.value IS NOT NULL) THEN sum(c.value) END
    FROM tally_cell c
    LEFT JOIN figure f ON f.by = '' AND (f.measure, f.period, f.target) = (c.measure, c.period, c.target)
    WHERE c.measure = :measure GROUP BY c.measure, c.period, c.target
    """
)
