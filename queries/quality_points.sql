-- purpose: exact points that hold many records: how many there are and what they hold, never where they are
-- param dataset text? one table of events only
-- param from date? first island date
-- param to date? the day after the last
-- param many int so many records at one exact point are many
-- column dataset text table of events
-- column points int exact points with at least that many records
-- column records int records at those points
-- column located int records with a position
SELECT
  dataset,
  count(*) FILTER (WHERE at_point >= $many) AS points,
  coalesce(sum(at_point) FILTER (WHERE at_point >= $many), 0) AS records,
  sum(at_point) AS located
FROM (
  SELECT dataset, lat, lon, count(*) AS at_point
  FROM arrivals
  WHERE ($dataset IS NULL OR dataset = $dataset)
    AND ($from IS NULL OR local_on >= $from)
    AND ($to IS NULL OR local_on < $to)
    AND deleted IS NOT TRUE
    AND cell IS NOT NULL
  GROUP BY dataset, lat, lon
) AS point
GROUP BY dataset
ORDER BY dataset
