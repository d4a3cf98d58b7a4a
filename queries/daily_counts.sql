-- purpose: records an island day, for trends
-- param dataset text table of events
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts; 0 means every day
-- column local_on date island date
-- column count int number of records
SELECT local_on, count(*) AS count
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
  AND in_daypart(local_on, local_minute, $start, $end, $weekdays)
GROUP BY local_on
ORDER BY local_on
