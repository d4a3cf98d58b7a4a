-- purpose: records an island day and series, for trends side by side
-- param dataset text table of events
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts; 0 means every day
-- param by text? what makes a series: group, parish, vingtaine or beat; without it there is one series
-- column series text value of what makes a series, `not stated` where it has none; null if there is one series
-- column local_on date island date
-- column count int number of records
SELECT
  CASE
    WHEN $by = 'group' THEN coalesce(kind, 'not stated')
    WHEN $by = 'parish' THEN coalesce(parish, 'not stated')
    WHEN $by = 'vingtaine' THEN coalesce(vingtaine, 'not stated')
    WHEN $by = 'beat' THEN coalesce(beat, 'not stated')
  END AS series,
  local_on, count(*) AS count
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
  AND in_daypart(local_on, local_minute, $start, $end, $weekdays)
GROUP BY 1, 2
ORDER BY 1, 2
