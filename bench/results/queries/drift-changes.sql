-- where exactness changed from one run to the next, which no noise explains
SELECT case_id, before, sqnr_db, sqnr_db - before AS change_db, run_id, git_commit
FROM (
  SELECT *, lag(sqnr_db) OVER (PARTITION BY case_id, env_hash ORDER BY started_at) AS before
  FROM rows
)
WHERE abs(sqnr_db - before) > 1e-6
ORDER BY started_at DESC, abs(change_db) DESC
