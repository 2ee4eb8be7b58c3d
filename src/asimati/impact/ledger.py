"""The statements behind the figures. The ledger is folded in one place, for tallies and for their proof alike."""

from __future__ import annotations

from sqlalchemy import text

# What was taken back is taken out line by line, by what stands in the ledger and not by what the rule says today.
TAKE_BACK = text(
    """
    INSERT INTO contribution (id, measure, measure_version, source, line, goal, target, period, "on",
                              sex, age_band, disability, block, programme, channel, amount, who, message_id)
    SELECT gen_random_uuid(), c.measure, c.measure_version, c.source, -1 - c.line, c.goal, c.target, c.period,
           c."on", c.sex, c.age_band, c.disability, c.block, c.programme, c.channel, -c.amount, c.who, v.message_id
    FROM contribution c
    JOIN measure m ON m.code = c.measure
    JOIN voided v ON v.topic = m.voided_by AND v.source = c.source
    WHERE c.source = :source AND c.line >= 0
    ON CONFLICT DO NOTHING
    RETURNING measure, period
    """
)

_CELL = "measure, period, target, sex, age_band, disability, block, programme, channel, goal"
# An act without a known person stands for somebody of its own.
FOLD = f"""
    SELECT {_CELL}, trim_scale(sum(amount)) AS value, count(*) FILTER (WHERE amount <> 0)::int AS people
    FROM (SELECT {_CELL}, sum(amount) AS amount FROM contribution {{where}}
          GROUP BY {_CELL}, coalesce(who, convert_to(source, 'UTF8'))) AS per_person
    GROUP BY {_CELL}
    HAVING count(*) FILTER (WHERE amount <> 0) > 0
"""  # noqa: S608 - nothing of a caller's goes in
_COLUMNS = f"{_CELL}, value, people"

FILL_ALL = text(f"INSERT INTO tally ({_COLUMNS}) {FOLD.format(where='')}")
FILL_ONE = text(
    f"INSERT INTO tally ({_COLUMNS}) " + FOLD.format(where="WHERE measure = :measure AND period = :period")
)
# Months whose cells are about to be made anew may differ for that moment; all others must not.
COMPARE = text(
    f"""
    WITH fold AS ({FOLD.format(where="")}), cells AS (SELECT {_COLUMNS} FROM tally),
    difference AS ((TABLE fold EXCEPT TABLE cells) UNION ALL (TABLE cells EXCEPT TABLE fold))
    SELECT (SELECT count(*) FROM contribution) AS contributions,
           (SELECT count(*) FROM cells) AS cells,
           (SELECT count(DISTINCT (measure, period)) FROM tally_mark) AS pending,
           (SELECT count(*) FROM difference d WHERE NOT EXISTS (
              SELECT FROM tally_mark t WHERE t.measure = d.measure AND t.period = d.period)) AS differences
    """  # noqa: S608
)
