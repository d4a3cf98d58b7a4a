-- purpose: Incidents a month or year, of some categories, of one domestic violence risk, or attended ones only
-- param from date first island date
-- param to date the day after the last
-- param grain text month or year
-- param categories text comma-separated category codes; empty means every one
-- param dv_risk text high, medium or standard; empty means any
-- param attended text yes counts only incidents with an arrival that were not cancelled
-- column period text YYYY-MM, or YYYY where the grain is year
-- column numerator int incidents counted
SELECT
  substr(CAST(local_on AS VARCHAR), 1, CASE WHEN $grain = 'year' THEN 4 ELSE 7 END) AS period,
  count(*) AS numerator
FROM incidents
WHERE local_on >= $from
  AND local_on < $to
  AND ($categories = '' OR strpos(',' || $categories || ',', ',' || category || ',') > 0)
  AND ($dv_risk = '' OR dv_risk = $dv_risk)
  AND ($attended <> 'yes' OR (first_arrived_at IS NOT NULL AND cancelled IS NOT TRUE))
GROUP BY 1
ORDER BY 1
