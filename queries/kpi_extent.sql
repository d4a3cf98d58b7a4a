-- purpose: First and last island date of each table that KPIs read
-- column dataset text table
-- column first_on date first island date; empty without rows
-- column last_on date last island date; empty without rows
-- column total int rows
SELECT 'incidents' AS dataset, min(local_on) AS first_on, max(local_on) AS last_on, count(*) AS total FROM incidents
UNION ALL
-- Without a date of report the date of the offence stands in, as in kpi_crime_count.
SELECT 'crimes', min(coalesce(local_date(reported_at), local_on)), max(coalesce(local_date(reported_at), local_on)), count(*)
FROM crimes
UNION ALL
SELECT 'stops', min(local_on), max(local_on), count(*) FROM stops
UNION ALL
SELECT 'offences', min(local_on), max(local_on), count(*) FROM offences
UNION ALL
SELECT 'stocks', min(local_on), max(local_on), count(*) FROM stocks
ORDER BY dataset
