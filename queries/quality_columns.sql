-- purpose: how complete the columns of each table of events are: the table's own, and where it is
-- param dataset text? count one table of events only: the others come out empty
-- param from date? first island date
-- param to date? the day after the last
-- column dataset text table of events
-- column place int place of the column in the table, from 1
-- column column_name text column
-- column filled int records that have a value in it
-- column records int records of the table
SELECT dataset, place, column_name, filled, records
FROM (
  SELECT
    'incidents' AS dataset,
    unnest(range(1, 18)) AS place,
    unnest(make_array(
      'incident_id', 'call_answered_at', 'reported_at', 'dispatched_at', 'first_arrived_at', 'closed_at',
      'grade_initial', 'grade_final', 'origin', 'category', 'dv_risk', 'person_token', 'closing_code',
      'cancelled', 'units_count', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(incident_id), count(call_answered_at), count(reported_at), count(dispatched_at),
        count(first_arrived_at), count(closed_at), count(grade_initial), count(grade_final), count(origin),
        count(category), count(dv_risk), count(person_token), count(closing_code), count(cancelled),
        count(units_count), count(cell), count(parish)
      ) AS filled
    FROM incidents
    WHERE ($dataset IS NULL OR $dataset = 'incidents')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
  UNION ALL
  SELECT
    'crimes' AS dataset,
    unnest(range(1, 14)) AS place,
    unnest(make_array(
      'crime_id', 'incident_id', 'crime_group', 'offence_code', 'offence_from_at', 'offence_to_at',
      'reported_at', 'outcome', 'outcome_at', 'victim_token', 'flags', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(crime_id), count(incident_id), count(crime_group), count(offence_code),
        count(offence_from_at), count(offence_to_at), count(reported_at), count(outcome), count(outcome_at),
        count(victim_token), count(flags), count(cell), count(parish)
      ) AS filled
    FROM crimes
    WHERE ($dataset IS NULL OR $dataset = 'crimes')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
  UNION ALL
  SELECT
    'anpr_reads' AS dataset,
    unnest(range(1, 12)) AS place,
    unnest(make_array(
      'read_id', 'camera_id', 'read_at', 'received_at', 'vrm_token', 'plate_class', 'direction', 'lane',
      'confidence', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(read_id), count(camera_id), count(read_at), count(received_at), count(vrm_token),
        count(plate_class), count(direction), count(lane), count(confidence),         count(cell), count(parish)
      ) AS filled
    FROM anpr_reads
    WHERE ($dataset IS NULL OR $dataset = 'anpr_reads')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
  UNION ALL
  SELECT
    'pings' AS dataset,
    unnest(range(1, 6)) AS place,
    unnest(make_array(
      'unit_id', 'pinged_at', 'speed_kmh', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(unit_id), count(pinged_at), count(speed_kmh), count(cell), count(parish)
      ) AS filled
    FROM pings
    WHERE ($dataset IS NULL OR $dataset = 'pings')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
  UNION ALL
  SELECT
    'stops' AS dataset,
    unnest(range(1, 8)) AS place,
    unnest(make_array(
      'stop_id', 'stopped_at', 'unit_id', 'reason', 'outcome', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(stop_id), count(stopped_at), count(unit_id), count(reason), count(outcome),
        count(cell), count(parish)
      ) AS filled
    FROM stops
    WHERE ($dataset IS NULL OR $dataset = 'stops')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
  UNION ALL
  SELECT
    'offences' AS dataset,
    unnest(range(1, 7)) AS place,
    unnest(make_array(
      'offence_id', 'offended_at', 'offence_type', 'disposal', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(offence_id), count(offended_at), count(offence_type), count(disposal),         count(cell), count(parish)
      ) AS filled
    FROM offences
    WHERE ($dataset IS NULL OR $dataset = 'offences')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
  UNION ALL
  SELECT
    'collisions' AS dataset,
    unnest(range(1, 12)) AS place,
    unnest(make_array(
      'collision_id', 'collided_at', 'collision_severity', 'casualty_severity', 'mode', 'vehicles_count',
      'casualties_count', 'light_conditions', 'speed_limit', 'cell', 'parish'
    )) AS column_name,
    unnest(filled) AS filled,
    records
  FROM (
    SELECT
      count(*) AS records,
      make_array(
        count(collision_id), count(collided_at), count(collision_severity), count(casualty_severity),
        count(mode), count(vehicles_count), count(casualties_count), count(light_conditions),
        count(speed_limit), count(cell), count(parish)
      ) AS filled
    FROM collisions
    WHERE ($dataset IS NULL OR $dataset = 'collisions')
      AND ($from IS NULL OR local_on >= $from)
      AND ($to IS NULL OR local_on < $to)
      AND deleted IS NOT TRUE
  ) AS counted
) AS columns
ORDER BY dataset, place
