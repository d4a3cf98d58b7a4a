-- purpose: ANPR reads a camera and hour; no plate or token in the answer
-- param from date first island date
-- param to date the day after the last
-- param camera text? one camera only
-- column camera_id text camera
-- column name text name of the camera
-- column local_on date island date
-- column local_hour int hour of the day, island time
-- column reads int number of reads
SELECT r.camera_id, coalesce(c.name, r.camera_id) AS name, r.local_on, r.local_hour, count(*) AS reads
FROM anpr_reads AS r
LEFT JOIN cameras AS c ON c.camera_id = r.camera_id
WHERE r.local_on >= $from AND r.local_on < $to
  AND ($camera IS NULL OR r.camera_id = $camera)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 3, 4
