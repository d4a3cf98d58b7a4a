-- purpose: records a beat, for datasets without positions
-- param dataset text table of events
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- column beat text policing area as the source names it
-- column records int number of records
SELECT coalesce(beat, 'not stated') AS beat, count(*) AS records
FROM events
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
GROUP BY 1
ORDER BY records DESC, beat
