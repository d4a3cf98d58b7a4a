-- purpose: how many records a question can use, and why it cannot use the others
-- param dataset text table of events
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts; 0 means every day
-- column in_period int records of the dataset and group in the period
-- column in_daypart int of those, in the daypart
-- column located int of those, with a position
-- column month_precision int records in the period whose day is not known
-- column without_hour int records in the period whose time of day is not known
-- column last_on date last island date with a record
SELECT
  count(*) AS in_period,
  count(*) FILTER (WHERE in_daypart(local_on, local_minute, $start, $end, $weekdays)) AS in_daypart,
  count(*) FILTER (WHERE in_daypart(local_on, local_minute, $start, $end, $weekdays) AND cell IS NOT NULL) AS located,
  count(*) FILTER (WHERE time_precision = 'month') AS month_precision,
  count(*) FILTER (WHERE local_minute IS NULL) AS without_hour,
  max(local_on) AS last_on
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
