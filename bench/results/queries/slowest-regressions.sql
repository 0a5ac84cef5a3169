-- cases whose newest speed-up is furthest below the median of the ten before it, on the same kind of machine
WITH nights AS (
  SELECT case_id, env_hash, run_id, speedup,
    row_number() OVER newest AS age,
    median(speedup) OVER (newest ROWS BETWEEN 1 FOLLOWING AND 10 FOLLOWING) AS before,
    count(speedup) OVER (newest ROWS BETWEEN 1 FOLLOWING AND 10 FOLLOWING) AS nights
  FROM rows JOIN (SELECT case_id, env_hash, started_at AS newest_at FROM latest) USING (case_id, env_hash)
  WHERE started_at <= newest_at AND speedup > 0 AND status = 'ok' AND case_id IS DISTINCT FROM baseline_case_id
  WINDOW newest AS (PARTITION BY case_id, env_hash ORDER BY started_at DESC)
)
SELECT case_id, speedup / before AS ratio, speedup, before, nights, run_id
FROM nights
WHERE age = 1 AND speedup < before
ORDER BY ratio
LIMIT 20
