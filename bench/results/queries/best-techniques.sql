-- of each problem and backend the fastest technique that keeps 20 dB, by the newest rows
SELECT op, weights, M, N, K, backend, technique, params, speedup, sqnr_db, compression_ratio
FROM latest
WHERE status = 'ok' AND sqnr_db >= 20
QUALIFY row_number() OVER (PARTITION BY op, weights, M, N, K, seq_len, head_dim, heads, causal, backend, env_hash ORDER BY speedup DESC) = 1
ORDER BY speedup DESC
