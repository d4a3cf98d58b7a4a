-- purpose: from when to when each source of a dataset has records, and when those of its last day were loaded
-- param dataset text table of events
-- column source text feed that the records came with
-- column first_on date first island date
-- column last_on date last island date
-- column last_loaded_at timestamp when the last of the records of that date was loaded
-- column month_precision int records whose day is not known
WITH days AS (
  SELECT source, local_on, max(loaded_at) AS loaded_at, count(*) FILTER (WHERE time_precision = 'month') AS by_month
  FROM events
  WHERE dataset = $dataset AND local_on IS NOT NULL
  GROUP BY source, local_on
)
SELECT source, min(local_on) AS first_on, max(local_on) AS last_on,
  last_value(loaded_at ORDER BY local_on) AS last_loaded_at, sum(by_month) AS month_precision
FROM days
GROUP BY source
ORDER BY source
