// Has DuckDB read the Parquet files that this program writes, and write the
// files that its tests read.
//
//	npm install @duckdb/node-api     # in any folder, from which the rest is run
//	go test ./datasets -run TestFilesForDuckDB -files FOLDER
//	node docs/checks/duckdb.mjs compare FOLDER
//	node docs/checks/duckdb.mjs fixtures internal/table/testdata/duckdb
//	node docs/checks/duckdb.mjs time predictions.parquet
//
// compare reads each NAME.parquet of the folder with DuckDB and holds every
// value against NAME.jsonl, bit for bit. time reads and writes a file as often
// as it takes for stable minima.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

const { DuckDBInstance } = createRequire(join(process.cwd(), 'x.js'))('@duckdb/node-api');
const [verb, path] = process.argv.slice(2);
const db = await (await DuckDBInstance.create(':memory:')).connect();
const quote = (text) => `'${text.replaceAll("'", "''")}'`;

async function rowsOf(file) {
  const reader = await db.runAndReadAll(`SELECT * FROM read_parquet(${quote(file)})`);
  const names = reader.columnNames();
  const types = reader.columnTypes().map(String);
  return { types, rows: reader.getRows().map((row) => Object.fromEntries(row.map((v, i) => [names[i], plain(v, types[i])]))), names };
}

// plain turns DuckDB's values into those of JSON.
function plain(v) {
  if (typeof v === 'bigint') return Number(v);
  if (v !== null && typeof v === 'object' && 'items' in v) return [...v.items];
  return v;
}

function same(want, got, float) {
  if (Array.isArray(want)) return Array.isArray(got) && want.length === got.length && want.every((w, i) => same(w, got[i], float));
  if (want === undefined) return got === null;
  if (typeof want === 'string') want = want.replace(/^\ufeff/, ''); // which DuckDB's client drops
  return Object.is(float ? Math.fround(want) : want, got);
}

async function compare() {
  let wrong = 0;
  for (const file of readdirSync(path).filter((name) => name.endsWith('.parquet')).sort()) {
    const { rows, names, types } = await rowsOf(join(path, file));
    const lines = readFileSync(join(path, file.replace('.parquet', '.jsonl')), 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
    let bad = rows.length === lines.length ? 0 : 1;
    lines.forEach((line, i) => names.forEach((name, c) => {
      if (bad < 3 && !same(line[name], rows[i]?.[name], types[c].startsWith('FLOAT'))) {
        bad++;
        console.log(`${file} row ${i + 1}, ${name} (${types[c]}): want ${JSON.stringify(line[name])}, got ${String(rows[i]?.[name])}`);
      }
    }));
    wrong += bad;
    console.log(`${file}: ${rows.length} rows, ${names.length} columns: ${bad ? 'DIFFERENT' : 'equal'}`);
  }
  process.exitCode = wrong ? 1 : 0;
}

async function fixtures() {
  const sql = readFileSync(join(path, 'fixtures.sql'), 'utf8').replaceAll(/^--.*$/gm, '').replaceAll(/TO '(\w+\.parquet)'/g, (_, name) => `TO ${quote(join(resolve(path), name))}`);
  for (const statement of sql.split(/;\s*\n/)) if (statement.trim()) await db.run(statement);
}

async function time() {
  const out = path + '.duckdb';
  const measure = async (name, sql, after) => {
    let best = Infinity;
    for (let i = 0; i < 7; i++) {
      const start = performance.now();
      await db.run(sql);
      best = Math.min(best, performance.now() - start);
      if (after) await db.run(after);
    }
    console.log(`${name}: ${best.toFixed(0)} ms`);
  };
  await measure('DuckDB CREATE TABLE AS', `CREATE TABLE t AS SELECT * FROM read_parquet(${quote(path)})`, 'DROP TABLE t');
  await db.run(`CREATE TABLE t AS SELECT * FROM read_parquet(${quote(path)})`);
  await measure('DuckDB COPY, zstd', `COPY t TO ${quote(out)} (FORMAT parquet, COMPRESSION zstd)`);
  console.log(`DuckDB's file: ${statSync(out).size} bytes; the file: ${statSync(path).size} bytes, ${(statSync(path).size / statSync(out).size).toFixed(3)} of it`);
  rmSync(out);
}

await { compare, fixtures, time }[verb]();
