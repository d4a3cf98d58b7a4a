-- purpose: Road traffic offences a month or year
-- param from date first island date
-- param to date the day after the last
-- param grain text month or year
-- column period text YYYY-MM, or YYYY where the grain is year
-- column numerator int records counted
SELECT
  substr(CAST(local_on AS VARCHAR), 1, CASE WHEN $grain = 'year' THEN 4 ELSE 7 END) AS period,
  count(*) AS numerator
FROM offences
WHERE local_on >= $from
  AND local_on < $to
GROUP BY 1
ORDER BY 1
