-- purpose: where each located record lies, for answers that are computed from points and never show one
-- param dataset text table of events
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts, Monday is bit 0; 0 means every day
-- column lat float degrees north
-- column lon float degrees east
SELECT lat, lon
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
  AND cell IS NOT NULL
  AND in_daypart(local_on, local_minute, $start, $end, $weekdays)
ORDER BY lat, lon
