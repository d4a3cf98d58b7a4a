-- purpose: Response times of incidents a month or year: how many in time, the mean and percentiles, and what is left out and why
-- param from date first island date
-- param to date the day after the last
-- param grain text month or year
-- param grade int first grade of the incidents counted
-- param origin text incidents that began this way count as well, whatever their grade; empty means none
-- param clock_start text call_answered_at, reported_at or dispatched_at
-- param op text < or <=
-- param threshold_s int seconds
-- column period text YYYY-MM, or YYYY where the grain is year
-- column numerator int analysed incidents within the threshold
-- column denominator int analysed incidents
-- column total int incidents of the population, analysed or not
-- column excluded_cancelled int cancelled
-- column excluded_self_raised int raised by an officer on the scene
-- column excluded_no_arrival int without an arrival time, or without a start of the clock
-- column excluded_bad_order int arrived before the clock started
-- column mean_min float mean minutes of the analysed incidents
-- column median_min float median minutes, linear between ranks
-- column p90_min float 90th percentile minutes, linear between ranks
-- Each incident has one reason at most: the first that holds, so that analysed + excluded = total.
WITH population AS (
  SELECT
    substr(CAST(local_on AS VARCHAR), 1, CASE WHEN $grain = 'year' THEN 4 ELSE 7 END) AS period,
    cancelled,
    origin,
    first_arrived_at,
    CASE $clock_start
      WHEN 'call_answered_at' THEN call_answered_at
      WHEN 'dispatched_at' THEN dispatched_at
      ELSE reported_at
    END AS started_at
  FROM incidents
  WHERE local_on >= $from
    AND local_on < $to
    AND (grade_initial = $grade OR ($origin <> '' AND origin = $origin))
),
timed AS (
  SELECT
    period,
    CASE
      WHEN cancelled IS TRUE THEN 'cancelled'
      WHEN origin = 'officer' THEN 'self_raised'
      WHEN first_arrived_at IS NULL OR started_at IS NULL THEN 'no_arrival'
      WHEN first_arrived_at < started_at THEN 'bad_order'
      ELSE 'analysed'
    END AS state,
    CAST(first_arrived_at AS BIGINT) - CAST(started_at AS BIGINT) AS microseconds
  FROM population
),
judged AS (
  SELECT
    period,
    state,
    CASE WHEN state = 'analysed' THEN CAST(microseconds AS DOUBLE) / 60000000.0 END AS minutes,
    CASE
      WHEN state <> 'analysed' THEN 0
      WHEN $op = '<' AND microseconds < $threshold_s * 1000000 THEN 1
      WHEN $op = '<=' AND microseconds <= $threshold_s * 1000000 THEN 1
      ELSE 0
    END AS in_time
  FROM timed
)
SELECT
  period,
  sum(in_time) AS numerator,
  sum(CASE WHEN state = 'analysed' THEN 1 ELSE 0 END) AS denominator,
  count(*) AS total,
  sum(CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END) AS excluded_cancelled,
  sum(CASE WHEN state = 'self_raised' THEN 1 ELSE 0 END) AS excluded_self_raised,
  sum(CASE WHEN state = 'no_arrival' THEN 1 ELSE 0 END) AS excluded_no_arrival,
  sum(CASE WHEN state = 'bad_order' THEN 1 ELSE 0 END) AS excluded_bad_order,
  avg(minutes) AS mean_min,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes) AS median_min,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes) AS p90_min
FROM judged
GROUP BY period
ORDER BY period
