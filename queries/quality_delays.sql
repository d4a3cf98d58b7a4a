-- purpose: how long records take: from the event to the record, from the record to the load, and in all
-- param dataset text? one table of events only
-- param from date? first island date
-- param to date? the day after the last
-- column dataset text table of events
-- column stage text event_to_recorded, recorded_to_loaded or event_to_loaded
-- column counted int records with both times, in order
-- column negative int records whose second time is before the first; not among those counted
-- column undated int records that lack one of the times, or whose day or hour is not known
-- column median_s int seconds, nearest rank
-- column p90_s int seconds, nearest rank
-- Delays are rounded down, to the second below an hour, to the minute below ten days, to the hour beyond, so that they
-- can be counted without being kept: memory does not grow with the table.
WITH timed AS (
  SELECT
    dataset,
    CASE WHEN time_precision IS NULL THEN CAST(event_at AS BIGINT) END AS event,
    CAST(recorded_at AS BIGINT) AS recorded,
    CAST(loaded_at AS BIGINT) AS loaded
  FROM arrivals
  WHERE ($dataset IS NULL OR dataset = $dataset)
    AND ($from IS NULL OR local_on >= $from)
    AND ($to IS NULL OR local_on < $to)
    AND deleted IS NOT TRUE
),
delays AS (
  SELECT dataset, 'event_to_recorded' AS stage, recorded - event AS delay FROM timed
  UNION ALL
  SELECT dataset, 'recorded_to_loaded' AS stage, loaded - recorded AS delay FROM timed
  UNION ALL
  SELECT dataset, 'event_to_loaded' AS stage, loaded - event AS delay FROM timed
),
rounded AS (
  SELECT
    dataset,
    stage,
    CASE
      WHEN delay < 0 THEN -1
      WHEN delay < 3600 * 1000000 THEN delay / 1000000
      WHEN delay < 864000 * 1000000 THEN delay / 60000000 * 60
      ELSE delay / 3600000000 * 3600
    END AS seconds,
    count(*) AS records
  FROM delays
  GROUP BY 1, 2, 3
),
ranked AS (
  SELECT
    dataset,
    stage,
    seconds,
    records,
    CASE WHEN seconds >= 0
      THEN sum(CASE WHEN seconds >= 0 THEN records ELSE 0 END) OVER (PARTITION BY dataset, stage ORDER BY seconds)
    END AS upto,
    sum(CASE WHEN seconds >= 0 THEN records ELSE 0 END) OVER (PARTITION BY dataset, stage) AS counted
  FROM rounded
)
SELECT
  dataset,
  stage,
  max(counted) AS counted,
  coalesce(sum(records) FILTER (WHERE seconds < 0), 0) AS negative,
  coalesce(sum(records) FILTER (WHERE seconds IS NULL), 0) AS undated,
  min(seconds) FILTER (WHERE upto * 2 >= counted) AS median_s,
  min(seconds) FILTER (WHERE upto * 10 >= counted * 9) AS p90_s
FROM ranked
GROUP BY dataset, stage
ORDER BY dataset, stage
