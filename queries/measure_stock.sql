-- purpose: Level of a stock by period and part: its first reading, its last, or the average of its readings. Never a sum
-- param from date first date
-- param to date the day after the last
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot on the date of the reading
-- slot part what the figures are broken down by
-- slot where condition of the stock
-- slot value column with the level
-- column period date first day of the period
-- column part text parish
-- column state int 0
-- column records int readings
-- column first float level at the first of them
-- column last float level at the last of them
-- column average float mean of them
-- Of several readings on one day the greatest stands for it, so that the order of files decides nothing.
WITH dated AS (
  SELECT
    period_start({on}, $months) AS period,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    {on} AS read_on,
    CAST({value} AS DOUBLE) AS level
  FROM {source}
  WHERE {on} >= $from
    AND {on} < $to
    AND {value} IS NOT NULL
    AND {where}
)
SELECT
  period,
  part,
  0 AS state,
  count(*) AS records,
  first_value(level ORDER BY read_on, level DESC) AS first,
  last_value(level ORDER BY read_on, level) AS last,
  avg(level) AS average
FROM dated
GROUP BY period, part
ORDER BY period, part
