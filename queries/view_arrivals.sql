-- purpose: when each record happened, was recorded and was loaded, and where it is: every table of events in one shape
SELECT 'incidents' AS dataset, coalesce(reported_at, call_answered_at) AS event_at, recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM incidents
UNION ALL
SELECT 'crimes' AS dataset, coalesce(offence_from_at, reported_at) AS event_at, recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM crimes
UNION ALL
-- What the camera saw is on record when it has been received.
SELECT 'anpr_reads' AS dataset, read_at AS event_at, coalesce(recorded_at, received_at) AS recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM anpr_reads
UNION ALL
SELECT 'pings' AS dataset, pinged_at AS event_at, recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM pings
UNION ALL
SELECT 'stops' AS dataset, stopped_at AS event_at, recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM stops
UNION ALL
SELECT 'offences' AS dataset, offended_at AS event_at, recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM offences
UNION ALL
SELECT 'collisions' AS dataset, collided_at AS event_at, recorded_at, loaded_at, local_on, time_precision, lat, lon, cell, labels, deleted FROM collisions
