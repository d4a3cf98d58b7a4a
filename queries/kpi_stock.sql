-- purpose: Level of a stock in a month or year: its last reading, or the average of its readings. Never a sum
-- param from date first island date
-- param to date the day after the last
-- param grain text month or year
-- param stock text code of the stock
-- param agg text last or average
-- column period text YYYY-MM, or YYYY where the grain is year
-- column value float the level
-- column total int readings looked at
SELECT
  substr(CAST(local_on AS VARCHAR), 1, CASE WHEN $grain = 'year' THEN 4 ELSE 7 END) AS period,
  CASE WHEN $agg = 'average' THEN avg(value) ELSE last_value(value ORDER BY local_on) END AS value,
  count(value) AS total
FROM stocks
WHERE stock = $stock
  AND local_on >= $from
  AND local_on < $to
  AND value IS NOT NULL
GROUP BY 1
ORDER BY 1
