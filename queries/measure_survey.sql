-- purpose: Answers to a question by period and part: how many were asked, and how many of them gave the answer
-- param from date first date
-- param to date the day after the last
-- param months int months of a period; 0 takes all dates together
-- slot source table
-- slot on the date of the wave
-- slot part what the figures are broken down by
-- slot where condition of the question
-- slot share column with the share that gave the answer, 0 to 1
-- slot base column with how many were asked
-- slot exclude.where condition of an exclusion: the first that holds counts
-- slot exclude.state its number; 0 is analysed
-- column period date first day of the period
-- column part text parish
-- column state int 0 analysed, 1004 without a base or a share, else the number of the exclusion
-- column records int answers of the table, one a wave
-- column numerator float people who gave the answer: share times base
-- column base float people asked
WITH dated AS (
  SELECT
    period_start({on}, $months) AS period,
    coalesce(CAST({part} AS VARCHAR), 'unknown') AS part,
    CASE
      WHEN FALSE THEN -1
      WHEN {exclude.where} THEN {exclude.state}
      WHEN {share} IS NULL OR {base} IS NULL OR {base} <= 0 THEN 1004
      ELSE 0
    END AS state,
    CAST({share} AS DOUBLE) AS share,
    CAST({base} AS DOUBLE) AS base
  FROM {source}
  WHERE {on} >= $from
    AND {on} < $to
    AND {where}
)
SELECT period, part, state, count(*) AS records, sum(share * base) AS numerator, sum(base) AS base
FROM dated
GROUP BY period, part, state
ORDER BY period, part, state
