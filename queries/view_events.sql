-- purpose: every record that happened somewhere at a time, of every table, in one shape
SELECT 'incidents' AS dataset, source, category AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, coalesce(recorded_at, reported_at) AS recorded_at, loaded_at, vingtaine FROM incidents
UNION ALL
SELECT 'crimes' AS dataset, source, crime_group AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, coalesce(recorded_at, reported_at) AS recorded_at, loaded_at, vingtaine FROM crimes
UNION ALL
SELECT 'anpr_reads' AS dataset, source, plate_class AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, coalesce(recorded_at, received_at) AS recorded_at, loaded_at, vingtaine FROM anpr_reads
UNION ALL
SELECT 'pings' AS dataset, source, unit_id AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, recorded_at, loaded_at, vingtaine FROM pings
UNION ALL
SELECT 'stops' AS dataset, source, reason AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, recorded_at, loaded_at, vingtaine FROM stops
UNION ALL
SELECT 'offences' AS dataset, source, offence_type AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, recorded_at, loaded_at, vingtaine FROM offences
UNION ALL
SELECT 'collisions' AS dataset, source, casualty_severity AS kind, local_on, local_minute, cell, parish, beat, time_precision, lat, lon, recorded_at, loaded_at, vingtaine FROM collisions
