-- which techniques take longest to measure, by the newest row of each case on each kind of machine
SELECT suite, technique, backend, count(*) AS cases, sum(took_s) AS took_s
FROM latest
GROUP BY suite, technique, backend
ORDER BY took_s DESC NULLS LAST
LIMIT 20
