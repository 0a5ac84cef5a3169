-- cases whose speed-up differs most from run to run, as the standard deviation of its logarithm
SELECT case_id, env_hash, count(*) AS runs, stddev_samp(ln(speedup)) AS sd, median(speedup) AS speedup
FROM rows
WHERE speedup > 0 AND case_id IS DISTINCT FROM baseline_case_id
GROUP BY case_id, env_hash
HAVING count(*) >= 3
ORDER BY sd DESC
LIMIT 20
