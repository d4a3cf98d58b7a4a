-- purpose: Crimes a month or year, of some groups, by the date of report or of the offence
-- param from date first island date
-- param to date the day after the last
-- param grain text month or year
-- param field text reported_at counts by the date of report, local_on by the date of the offence
-- param groups text comma-separated crime groups; empty means every one
-- column period text YYYY-MM, or YYYY where the grain is year
-- column numerator int crimes counted
WITH dated AS (
  SELECT
    CASE WHEN $field = 'reported_at' THEN coalesce(local_date(reported_at), local_on) ELSE local_on END AS counted_on,
    crime_group
  FROM crimes
)
SELECT
  substr(CAST(counted_on AS VARCHAR), 1, CASE WHEN $grain = 'year' THEN 4 ELSE 7 END) AS period,
  count(*) AS numerator
FROM dated
WHERE counted_on >= $from
  AND counted_on < $to
  AND ($groups = '' OR strpos(',' || $groups || ',', ',' || crime_group || ',') > 0)
GROUP BY 1
ORDER BY 1
