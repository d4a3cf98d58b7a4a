-- purpose: Different persons by period and part, and those of them who come again; never who they are
-- param from date first date
-- param to date the day after the last
-- param back date first date that is looked back to
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot on the date that puts a record into a period
-- slot part what the figures are broken down by
-- slot where condition of the population
-- slot person column with the token of a person
-- slot before how many records before this one must lie within the months
-- slot within months
-- slot exclude.where condition of an exclusion: the first that holds counts
-- slot exclude.state its number; 0 is analysed
-- column period date first day of the period
-- column part text parish, daypart or grade
-- column state int 0 analysed, 1003 no person is named, else the number of the exclusion
-- column records int records
-- column persons int different persons
-- column repeats int of them, those with an earlier record of the population within the months
WITH dated AS (
  SELECT
    {on} AS counted_on,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    {person} AS person,
    CASE
      WHEN FALSE THEN -1
      WHEN {exclude.where} THEN {exclude.state}
      WHEN {person} IS NULL THEN 1003
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
    person,
    state,
    lag(counted_on, {before}) OVER (PARTITION BY state, person ORDER BY counted_on) AS earlier_on
  FROM dated
)
SELECT
  period_start(counted_on, $months) AS period,
  part,
  state,
  count(*) AS records,
  count(DISTINCT person) AS persons,
  count(DISTINCT CASE WHEN earlier_on > counted_on - INTERVAL '{within}' MONTH THEN person END) AS repeats
FROM followed
WHERE counted_on >= $from
GROUP BY period_start(counted_on, $months), part, state
ORDER BY period, part, state
