// DuckDB's side of the rows write and read: node duckdb.mjs STEP FOLDER MODULES, of which peers.py makes use.
import { createRequire } from 'node:module';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

const [step, folder, modules] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(join(resolve(modules), 'x.js'))('@duckdb/node-api');
const db = await (await DuckDBInstance.create(':memory:')).connect();
const quote = (name) => `'${join(folder, name).replaceAll("'", "''")}'`;
const ours = quote('predictions.parquet'), theirs = quote('duckdb.parquet');
const row = async (sql) => (await db.runAndReadAll(sql)).getRowObjectsJson()[0];

async function time(sql, before) {
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    if (before) await db.run(before);
    const start = performance.now();
    await db.run(sql);
    best = Math.min(best, performance.now() - start);
  }
  return { ms: best };
}

const steps = {
  versions: async () => ({ versions: { node: process.versions.node, DuckDB: (await row('SELECT version() AS v')).v } }),
  write: async () => {
    await db.run(`CREATE TABLE t AS SELECT * FROM read_parquet(${ours})`);
    return time(`COPY t TO ${theirs} (FORMAT parquet, COMPRESSION zstd)`);
  },
  read: () => time(`CREATE TABLE t AS SELECT * FROM read_parquet(${ours})`, 'DROP TABLE IF EXISTS t'),
  'check-write': async () => {
    const differences = [];
    for (const [a, b, whose] of [[ours, theirs, 'ours'], [theirs, ours, "DuckDB's"]]) {
      const { n } = await row(`SELECT CAST(count(*) AS DOUBLE) AS n FROM (SELECT * FROM read_parquet(${a}) EXCEPT ALL SELECT * FROM read_parquet(${b}))`);
      if (n) differences.push(`${n} rows stand in ${whose} file only`);
    }
    const size = statSync(join(folder, 'predictions.parquet')).size / statSync(join(folder, 'duckdb.parquet')).size;
    return { agree: !differences.length, differences, size };
  },
  'check-read': async () => {
    const found = JSON.parse(readFileSync(join(folder, 'ours.json')));
    const t = `read_parquet(${ours})`;
    const columns = (await db.runAndReadAll(`DESCRIBE SELECT * FROM ${t}`)).getRowObjectsJson().map((c) => `count("${c.column_name}")`);
    const want = await row(`SELECT CAST(count(*) AS DOUBLE) AS rows, CAST(${columns.join('+')} AS DOUBLE) AS known, sum(input_tokens)::DOUBLE AS tokens,
      sum(strlen(id) + strlen(predicted) + strlen("group"))::DOUBLE AS text, sum(confidence) AS confidence, sum(list_sum(scores)) AS scores FROM ${t}`);
    const differences = Object.keys(want).filter((k) => !(Math.abs(found[k] - want[k]) <= 1e-9 * want[k])).map((k) => `${k}: ${found[k]}, DuckDB ${want[k]}`);
    return { agree: !differences.length, differences };
  },
};
console.log(JSON.stringify(await steps[step]()));
