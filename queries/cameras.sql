-- purpose: the ANPR cameras, where they stand, and when each was heard of last
-- column camera_id text camera
-- column name text name of the camera
-- column lat float latitude
-- column lon float longitude
-- column road text road it looks at
-- column live_to_on date last day in service, if it ended
-- column reads int reads held
-- column last_on date last island date with a read
SELECT c.camera_id, c.name, c.lat, c.lon, c.road, c.live_to_on, coalesce(r.reads, 0) AS reads, r.last_on
FROM cameras AS c
LEFT JOIN (SELECT camera_id, count(*) AS reads, max(local_on) AS last_on FROM anpr_reads GROUP BY camera_id) AS r
  ON r.camera_id = c.camera_id
ORDER BY c.camera_id
