-- purpose: between which instants each record happened, of every table; one that is known as a moment begins and ends with it
SELECT 'incidents' AS dataset, category AS kind, local_on, coalesce(reported_at, call_answered_at) AS from_at, coalesce(reported_at, call_answered_at) AS to_at FROM incidents
UNION ALL
SELECT 'crimes' AS dataset, crime_group AS kind, local_on, offence_from_at AS from_at, offence_to_at AS to_at FROM crimes
UNION ALL
SELECT 'anpr_reads' AS dataset, plate_class AS kind, local_on, read_at AS from_at, read_at AS to_at FROM anpr_reads
UNION ALL
SELECT 'pings' AS dataset, unit_id AS kind, local_on, pinged_at AS from_at, pinged_at AS to_at FROM pings
UNION ALL
SELECT 'stops' AS dataset, reason AS kind, local_on, stopped_at AS from_at, stopped_at AS to_at FROM stops
UNION ALL
SELECT 'offences' AS dataset, offence_type AS kind, local_on, offended_at AS from_at, offended_at AS to_at FROM offences
UNION ALL
SELECT 'collisions' AS dataset, casualty_severity AS kind, local_on, collided_at AS from_at, collided_at AS to_at FROM collisions
