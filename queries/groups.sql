-- purpose: the groups of each dataset, most frequent first
-- column dataset text table of events
-- column kind text value of the dataset's group column
-- column records int number of records
SELECT dataset, kind, count(*) AS records
FROM events
WHERE kind IS NOT NULL AND dataset <> 'pings'
GROUP BY dataset, kind
ORDER BY dataset, records DESC, kind
