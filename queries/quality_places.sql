-- purpose: records with and without a cell, by the remarks that loading left on them
-- param dataset text? one table of events only
-- param from date? first island date
-- param to date? the day after the last
-- column dataset text table of events
-- column labels text remarks joined by ;, empty without any
-- column located int records with a cell
-- column records int number of records
SELECT dataset, coalesce(labels, '') AS labels, count(cell) AS located, count(*) AS records
FROM arrivals
WHERE ($dataset IS NULL OR dataset = $dataset)
  AND ($from IS NULL OR local_on >= $from)
  AND ($to IS NULL OR local_on < $to)
  AND deleted IS NOT TRUE
GROUP BY 1, 2
ORDER BY 1, 2
