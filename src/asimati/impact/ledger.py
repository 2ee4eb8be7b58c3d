"""The statements behind the figures. The ledger is folded in one place, for tallies and for their proof alike."""

from __future__ import annotations

from sqlalchemy import text

from asimati.impact.disclosure import DIMENSIONS

KEPT_PEOPLE = 1024  # how many of a cell's people are told apart by number; up to as many are counted exactly
_DIMENSIONS = ", ".join(DIMENSIONS)
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
TAKE_BACK = text(_TAKEN_BACK.format(which="c.source = :source"))
TAKE_BACK_ALL = text(_TAKEN_BACK.format(which="c.measure = :measure"))

_CELL = f"measure, period, target, {_DIMENSIONS}, goal"
# An act without a known person stands for somebody of its own. Only lines of the rule in force count.
FOLD = f"""
    SELECT {_CELL}, trim_scale(sum(amount)) AS value, count(*)::int AS people,
           CASE WHEN count(*) = 1 THEN ARRAY[min(someone)] ELSE ARRAY(
               SELECT one FROM unnest(array_agg(someone)) AS one ORDER BY one LIMIT {KEPT_PEOPLE}) END AS someones
    FROM (SELECT {_CELL}, someone, sum(amount) AS amount
          FROM contribution JOIN (SELECT code, version FROM measure) AS rule
               ON code = measure AND version = measure_version
          {{where}} GROUP BY {_CELL}, someone HAVING sum(amount) <> 0) AS per_person
    GROUP BY {_CELL}
"""  # noqa: S608 - nothing of a caller's goes in
_COLUMNS = f"{_CELL}, value, people, someones"

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
FREEZE = text(
    """
    INSERT INTO former_tally (measure, version, period, target, value)
    SELECT measure, :version, period, target, sum(value) FROM tally_cell
    WHERE measure = :measure GROUP BY measure, period, target
    """
)
