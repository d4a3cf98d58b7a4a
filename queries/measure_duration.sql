-- purpose: How long something took, record by record, by period, part, and what is left out and why
-- param from date first date
-- param to date the day after the last
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot on the date that puts a record into a period
-- slot part what the figures are broken down by
-- slot where condition of the population
-- slot start instant that starts the clock
-- slot stop instant that stops it
-- slot exclude.where condition of an exclusion: the first that holds counts
-- slot exclude.state its number; 0 is analysed
-- column period date first day of the period
-- column part text parish, daypart or grade
-- column state int 0 analysed, 1001 a start or stop is missing, 1002 it stopped before it started, else the number of the exclusion
-- column records int records
-- column durations list microseconds of the analysed records
-- What the exclusions do not name is left out with a reason of its own, so that analysed + excluded is always all.
WITH dated AS (
  SELECT
    period_start({on}, $months) AS period,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    CASE
      WHEN FALSE THEN -1
      WHEN {exclude.where} THEN {exclude.state}
      WHEN {start} IS NULL OR {stop} IS NULL THEN 1001
      WHEN {stop} < {start} THEN 1002
      ELSE 0
    END AS state,
    CAST({stop} AS BIGINT) - CAST({start} AS BIGINT) AS microseconds
  FROM {source}
  WHERE {on} >= $from
    AND {on} < $to
    AND {where}
)
SELECT
  period,
  part,
  state,
  count(*) AS records,
  array_agg(microseconds) FILTER (WHERE state = 0) AS durations
FROM dated
GROUP BY period, part, state
ORDER BY period, part, state
