-- purpose: between which instants records happened, for hours of the week, which share ranges out
-- param dataset text table of events: crimes, incidents, stops…
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- column from_at int earliest instant, microseconds of UTC; null if it is not known
-- column to_at int latest instant, microseconds of UTC; null if it is not known
-- column records int number of records with just this range
SELECT CAST(from_at AS BIGINT) AS from_at, CAST(to_at AS BIGINT) AS to_at, count(*) AS records
FROM ranges
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
GROUP BY 1, 2
ORDER BY 1, 2
