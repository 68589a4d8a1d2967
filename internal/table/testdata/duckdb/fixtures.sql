-- The files of this folder. Run by: node docs/checks/duckdb.mjs fixtures internal/table/testdata/duckdb
SET threads = 1;
CREATE TYPE model AS ENUM ('small', 'large');
CREATE TABLE outcomes AS SELECT
  (9007199254740993 + i)::BIGINT AS id,
  (CASE WHEN i % 2 = 0 THEN 'small' ELSE 'large' END)::model AS model,
  CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN NULL WHEN 2 THEN E'a "quoted"\r\nline' WHEN 3 THEN '😀' ELSE repeat('x', i % 40) END AS response,
  (i % 11 / 10.0)::DECIMAL(6, 4) AS score,
  CASE WHEN i % 3 > 0 THEN i % 11 >= 5 END AS correct,
  (i / 1024.0)::FLOAT AS confidence,
  CASE WHEN i % 7 > 0 THEN i::INTEGER END AS input_tokens,
  i::UBIGINT AS output_tokens,
  (i / 8.0)::DECIMAL(30, 3) AS cost_usd,
  i::HUGEINT AS latency_ms,
  CASE WHEN i % 4 > 0 THEN 0.1::DOUBLE * i / 10 WHEN i % 8 > 0 THEN 'NaN'::DOUBLE END AS ttft_ms,
  TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS at,
  {'a': i, 'b': 'x'} AS extra,
  i::UTINYINT AS tiny
  FROM range(200) r(i);
COPY outcomes TO 'plain.parquet' (COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1);
COPY outcomes TO 'uncompressed.parquet' (COMPRESSION uncompressed);
COPY outcomes TO 'snappy.parquet' (COMPRESSION snappy);
COPY outcomes TO 'gzip.parquet' (COMPRESSION gzip);
COPY outcomes TO 'zstd.parquet' (COMPRESSION zstd);
COPY outcomes TO 'v2.parquet' (COMPRESSION zstd, PARQUET_VERSION v2);
COPY outcomes TO 'v2plain.parquet' (COMPRESSION uncompressed, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1);
COPY outcomes TO 'brotli.parquet' (COMPRESSION brotli);
COPY outcomes TO 'lz4.parquet' (COMPRESSION lz4_raw);

COPY (SELECT i AS id, (i * 0.5)::DOUBLE AS score FROM range(5000) r(i)) TO 'groups.parquet' (COMPRESSION zstd, ROW_GROUP_SIZE 2048, KV_METADATA {made: 'by DuckDB'});

CREATE TABLE lists AS SELECT 'v' || i AS id,
  CASE WHEN i % 4 = 3 THEN NULL WHEN i % 4 = 2 THEN [] ELSE list_transform(range(4), x -> i + x / 8.0) END AS list FROM range(40) r(i);
COPY (SELECT id, list::FLOAT[] AS embedding FROM lists) TO 'float_list.parquet';
COPY (SELECT id, list::DOUBLE[] AS embedding FROM lists) TO 'double_list.parquet';
COPY (SELECT id, list::INTEGER[] AS embedding FROM lists) TO 'int_list.parquet';
COPY (SELECT id, list::FLOAT[4] AS embedding FROM lists WHERE len(list) = 4) TO 'array.parquet';
COPY (SELECT id, CASE WHEN id = 'v1' THEN [1.5, NULL] ELSE list::FLOAT[] END AS embedding FROM lists) TO 'null_element.parquet';
COPY (SELECT id, [list::FLOAT[]] AS embedding FROM lists) TO 'list_of_lists.parquet';
COPY (SELECT id, {'v': list::FLOAT[]} AS embedding FROM lists) TO 'struct_of_list.parquet';
COPY (SELECT id, CASE WHEN id <> 'v1' THEN {'x': 1.5::FLOAT, 'y': 2::FLOAT} END AS embedding FROM lists) TO 'struct.parquet';
COPY (SELECT id, {'x': 1.5::FLOAT} AS embedding FROM lists) TO 'struct_of_one.parquet';
COPY (SELECT id, 1.5::FLOAT AS embedding FROM lists) TO 'flat.parquet';
COPY (SELECT id, MAP {'a': 1.5::FLOAT} AS embedding FROM lists) TO 'map.parquet';
COPY (SELECT id, ['a'] AS embedding FROM lists) TO 'text_list.parquet';

COPY (SELECT 'a' AS id, 'b' AS answer, '{"tokens": [1, 2]}'::JSON AS logprobs) TO 'json.parquet';
COPY (SELECT 'a' AS id, DATE '2026-01-01' AS score) TO 'date.parquet';
COPY (SELECT 'a' AS id, TIMESTAMP '2026-01-01' AS score) TO 'timestamp.parquet';
COPY (SELECT 'a' AS id, TIME '12:00' AS score) TO 'time.parquet';
COPY (SELECT '00000000-0000-0000-0000-00000000000a'::UUID AS id, 1.0 AS score) TO 'uuid.parquet';
COPY (SELECT 1.5 AS id, '0.5' AS score) TO 'swapped.parquet';
COPY (SELECT INTERVAL 1 DAY AS id, true AS score) TO 'interval.parquet';
COPY (SELECT 'a' AS id, 1::HUGEINT << 80 AS score) TO 'hugeint.parquet';
COPY (SELECT 'a'::BLOB AS id, 18446744073709551615::UBIGINT AS score UNION ALL SELECT '\xFF'::BLOB, 1) TO 'blob.parquet';
