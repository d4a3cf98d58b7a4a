-- purpose: How long from one event to the next, by the period and part of the later one
-- param from date first date
-- param to date the day after the last
-- param back date first date that is looked back to
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot at instant of the event
-- slot on its date
-- slot part what the figures are broken down by
-- slot where condition of the population
-- slot exclude.where condition of an exclusion: the first that holds counts
-- slot exclude.state its number; 0 is analysed
-- column period date first day of the period
-- column part text parish, daypart or grade
-- column state int 0 analysed, 1001 without the instant, else the number of the exclusion
-- column records int events
-- column gaps int events with one before them
-- column gap_us int microseconds between them, added up
WITH dated AS (
  SELECT
    {on} AS counted_on,
    {at} AS happened_at,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    CASE
      WHEN FALSE THEN -1
      WHEN {exclude.where} THEN {exclude.state}
      WHEN {at} IS NULL THEN 1001
      ELSE 0
    END AS state
  FROM {source}
  WHERE {on} >= $back
    AND {on} < $to
    AND {where}
),
followed AS (
  SELECT
    counted_on,
    part,
    state,
    CAST(happened_at AS BIGINT)
      - lag(CAST(happened_at AS BIGINT)) OVER (PARTITION BY part, state ORDER BY happened_at) AS gap
  FROM dated
)
SELECT
  period_start(counted_on, $months) AS period,
  part,
  state,
  count(*) AS records,
  count(gap) AS gaps,
  sum(gap) AS gap_us
FROM followed
WHERE counted_on >= $from
GROUP BY period_start(counted_on, $months), part, state
ORDER BY period, part, state
