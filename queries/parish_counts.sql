-- purpose: records a parish, for change between two periods
-- param dataset text table of events: crimes, incidents, stops…
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts, Monday is bit 0; 0 means every day
-- column parish text parish or loaded area; null where a record has none
-- column records int number of records
SELECT parish, count(*) AS records
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
  AND in_daypart(local_on, local_minute, $start, $end, $weekdays)
GROUP BY 1
ORDER BY 1
