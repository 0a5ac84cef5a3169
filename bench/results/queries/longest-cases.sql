-- what the newest run of each kind of machine spent its time on
SELECT suite, technique, backend, count(*) AS cases, sum(took_s) AS took_s
FROM latest
GROUP BY suite, technique, backend
ORDER BY took_s DESC NULLS LAST
LIMIT 20
