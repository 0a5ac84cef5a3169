-- what failed or drifted past its budget, by the newest rows, with the reasons
SELECT case_id, status, drift_ok, reason, run_id
FROM latest
WHERE status NOT IN ('ok', 'noisy', 'skipped', 'unsupported') OR NOT drift_ok
ORDER BY case_id
