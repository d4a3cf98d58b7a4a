-- purpose: every located record with its place, day and minute, of every table that near repeats and clusters can be asked of, in one shape
SELECT 'incidents' AS dataset, category AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM incidents WHERE cell IS NOT NULL
UNION ALL
SELECT 'crimes' AS dataset, crime_group AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM crimes WHERE cell IS NOT NULL
UNION ALL
SELECT 'anpr_reads' AS dataset, plate_class AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM anpr_reads WHERE cell IS NOT NULL
UNION ALL
SELECT 'pings' AS dataset, unit_id AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM pings WHERE cell IS NOT NULL
UNION ALL
SELECT 'stops' AS dataset, reason AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM stops WHERE cell IS NOT NULL
UNION ALL
SELECT 'offences' AS dataset, offence_type AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM offences WHERE cell IS NOT NULL
UNION ALL
SELECT 'collisions' AS dataset, casualty_severity AS kind, local_on, local_minute, lat, lon, cell, labels, key_hi, key_lo FROM collisions WHERE cell IS NOT NULL
