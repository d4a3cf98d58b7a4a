-- purpose: where and when each located record happened, in order of time then key, for answers that are computed from single records and never show one
-- param dataset text table of events
-- param group text? value of the dataset's group column
-- param from date first island date
-- param to date the day after the last
-- param start int? first minute of the daypart, local time
-- param end int? minute after the last of the daypart
-- param weekdays int? bit set of the days on which the daypart starts, Monday is bit 0; 0 means every day
-- column lat float degrees north
-- column lon float degrees east
-- column cell int H3 index bits
-- column local_on date island date
-- column local_minute int? minute of the island's day; none where the time of day is not known
-- column snapped bool whether it stands at a point that its source snaps records to
SELECT lat, lon, cell, local_on, local_minute, coalesce(labels LIKE '%snapped_point%', false) AS snapped
FROM moments
WHERE dataset = $dataset
  AND ($group IS NULL OR kind = $group)
  AND local_on >= $from AND local_on < $to
  AND in_daypart(local_on, local_minute, $start, $end, $weekdays)
ORDER BY local_on, coalesce(local_minute, 0), key_hi, key_lo
