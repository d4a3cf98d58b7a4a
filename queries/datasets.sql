-- purpose: what the store holds: records, positions and dates a dataset
-- column dataset text table of events
-- column records int number of records
-- column located int records with a position
-- column first_on date first island date
-- column last_on date last island date
-- column month_precision int records whose day is not known
SELECT dataset, count(*) AS records, count(cell) AS located, min(local_on) AS first_on, max(local_on) AS last_on,
  count(*) FILTER (WHERE time_precision = 'month') AS month_precision
FROM events
GROUP BY dataset
ORDER BY dataset
