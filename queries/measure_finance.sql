-- purpose: Money by period and part, added up, and what is left out and why
-- param from date first date
-- param to date the day after the last
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot on the date that puts an amount into a period
-- slot part what the figures are broken down by
-- slot where condition of the amounts
-- slot value column with the amount
-- slot exclude.where condition of an exclusion: the first that holds counts
-- slot exclude.state its number; 0 is analysed
-- column period date first day of the period
-- column part text parish
-- column state int 0 analysed, 1005 without an amount, else the number of the exclusion
-- column records int entries
-- column money float their sum
WITH dated AS (
  SELECT
    period_start({on}, $months) AS period,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    CASE
      WHEN FALSE THEN -1
      WHEN {exclude.where} THEN {exclude.state}
      WHEN {value} IS NULL THEN 1005
      ELSE 0
    END AS state,
    CAST({value} AS DOUBLE) AS amount
  FROM {source}
  WHERE {on} >= $from
    AND {on} < $to
    AND {where}
)
SELECT period, part, state, count(*) AS records, sum(amount) AS money
FROM dated
GROUP BY period, part, state
ORDER BY period, part, state
