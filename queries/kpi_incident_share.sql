-- purpose: Share of all incidents that are of some categories, a month or year
-- param from date first island date
-- param to date the day after the last
-- param grain text month or year
-- param categories text comma-separated category codes
-- column period text YYYY-MM, or YYYY where the grain is year
-- column numerator int incidents of the categories
-- column denominator int all incidents
SELECT
  substr(CAST(local_on AS VARCHAR), 1, CASE WHEN $grain = 'year' THEN 4 ELSE 7 END) AS period,
  sum(CASE WHEN strpos(',' || $categories || ',', ',' || category || ',') > 0 THEN 1 ELSE 0 END) AS numerator,
  count(*) AS denominator
FROM incidents
WHERE local_on >= $from
  AND local_on < $to
GROUP BY 1
ORDER BY 1
