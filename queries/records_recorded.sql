-- purpose: records a cell of the study area by island day and by when they were recorded, for tests of forecasts
-- param dataset text table of events: crimes, incidents, stops…
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param res int H3 resolution of the answer, at most 11
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts, Monday is bit 0; 0 means every day
-- column cell int H3 index bits
-- column local_on date island date
-- column recorded_quarter int quarters of an hour from 1970 (UTC) to the recording, rounded down; null if it is not known
-- column records int number of records
SELECT h3_parent(cell, $res) AS cell, local_on, CAST(recorded_at AS BIGINT) / 900000000 AS recorded_quarter, count(*) AS records
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
  AND cell IS NOT NULL
  AND in_daypart(local_on, local_minute, $start, $end, $weekdays)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
