-- purpose: Records of a population by period, part, and what is left out and why
-- param from date first date
-- param to date the day after the last
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot on the date that puts a record into a period
-- slot part what the figures are broken down by
-- slot where condition of the population
-- slot exclude.where condition of an exclusion: the first that holds counts
-- slot exclude.state its number; 0 is analysed
-- column period date first day of the period
-- column part text parish, daypart or grade
-- column state int 0 analysed, else the number of the exclusion
-- column records int records
WITH dated AS (
  SELECT
    period_start({on}, $months) AS period,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    CASE
      WHEN FALSE THEN -1
      WHEN {exclude.where} THEN {exclude.state}
      ELSE 0
    END AS state
  FROM {source}
  WHERE {on} >= $from
    AND {on} < $to
    AND {where}
)
SELECT period, part, state, count(*) AS records
FROM dated
GROUP BY period, part, state
ORDER BY period, part, state
