-- purpose: The columns of one table that measures need, over the dates that they cover: read once, asked many times
-- param from date first island date
-- param to date the day after the last
-- param early date a day before the first, for instants
-- param late date two days after the last, for instants
-- slot source table
-- slot column.name each column that a measure reads
-- slot dated.field each instant whose island date puts records into periods; a record without it counts on local_on
-- slot day.field each other date that puts records into periods
-- slot daypart.minute the column with the minute of the day, if something is broken down by daypart
SELECT
  {column.name},
  coalesce(local_date({dated.field}), local_on) AS on_{dated.field},
  daypart({daypart.minute}) AS daypart,
  local_on
FROM {source}
WHERE (local_on >= $from AND local_on < $to)
  OR ({dated.field} >= CAST($early AS TIMESTAMP) AND {dated.field} < CAST($late AS TIMESTAMP))
  OR ({day.field} >= $from AND {day.field} < $to)
