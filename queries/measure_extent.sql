-- purpose: First and last date of a table, by the date that puts its records into periods
-- slot source table
-- slot dated.field the instant whose island date counts, if it is one
-- slot day the date that counts, or stands in
-- column dataset text table
-- column first_on date first date; empty without rows
-- column last_on date last date; empty without rows
WITH dated AS (
  SELECT
    coalesce(
      local_date({dated.field}),
      {day}
    ) AS counted_on
  FROM {source}
)
SELECT '{source}' AS dataset, min(counted_on) AS first_on, max(counted_on) AS last_on
FROM dated
