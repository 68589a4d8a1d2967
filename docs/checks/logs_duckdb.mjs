// A request log added up by DuckDB, to hold `routeproof logs` against and to time it beside.
//
//	bin/routeproof data synth --n 20000 --logs 10000000 --only logs --out made
//	bin/routeproof logs made/logs.jsonl --out report
//	npm install @duckdb/node-api     # in the folder from which this is run
//	node docs/checks/logs_duckdb.mjs made/logs.jsonl report
//	node docs/checks/logs_duckdb.mjs made/logs.jsonl            # only the aggregation that is timed
//
// The timed query is one pass: cost, requests, tokens and the cost at the dearest price by feature, day and tier, with approximate
// quantiles of latency. With a report's folder it also computes exact quantiles and compares: counts must be equal, costs to 1e-9
// of the value, quantiles within the sketch's 1 %. Exits 1 where one is not.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { DuckDBInstance } = createRequire(join(process.cwd(), 'x.js'))('@duckdb/node-api');
const [log, folder] = process.argv.slice(2);
const columns = "{ts:'BIGINT',feature:'VARCHAR',msg_hash:'VARCHAR',tier:'VARCHAR',model:'VARCHAR',input_tokens:'BIGINT',output_tokens:'BIGINT',cost_usd:'DOUBLE',latency_ms:'DOUBLE',escalated:'BOOLEAN'}";
const source = `read_json('${log.replaceAll("'", "''")}', format='newline_delimited', columns=${columns})`;
const db = await (await DuckDBInstance.create(":memory:")).connect();
const rows = async (sql) => (await db.runAndReadAll(sql)).getRowObjectsJson();

const began = process.hrtime.bigint();
await db.run(`CREATE TABLE cells AS SELECT feature, CAST(floor(ts / 86400) AS INTEGER) AS day, tier, count(*) AS n, sum(cost_usd) AS usd,
  sum(input_tokens) AS tokens_in, sum(output_tokens) AS tokens_out, count_if(escalated) AS escalated,
  sum(input_tokens * 15e-6 + output_tokens * 75e-6) AS dearest, approx_quantile(latency_ms, [0.5, 0.95, 0.99]) AS latency
  FROM ${source} GROUP BY ALL`);
const [all] = await rows("SELECT CAST(sum(n) AS BIGINT) AS n, sum(usd) AS usd, sum(dearest) AS dearest FROM cells");
console.log(`${all.n} requests, $${all.usd}, in ${(Number(process.hrtime.bigint() - began) / 1e9).toFixed(2)} s`);
if (!folder) process.exit(0);

const own = JSON.parse(readFileSync(`${folder}/logs.json`));
let compared = 0, wrong = 0;
const same = (what, got, want, tolerance) => {
  compared++;
  if (!(Math.abs(got - want) <= tolerance * Math.abs(want))) {
    wrong++;
    console.log(`${what}: ${got}, DuckDB ${want}`);
  }
};
same("requests", own.whole.requests, Number(all.n), 0);
same("cost", own.whole.usd, all.usd, 1e-9);
same("dearest", own.saving.dearest_usd, all.dearest, 1e-9);
for (const r of await rows("SELECT feature, CAST(sum(n) AS BIGINT) AS n, sum(usd) AS usd FROM cells GROUP BY feature")) {
  const f = own.features.find((f) => f.feature === r.feature);
  same(`${r.feature}, requests`, f.requests, Number(r.n), 0);
  same(`${r.feature}, cost`, f.usd, r.usd, 1e-9);
}
for (const r of await rows(`SELECT tier, count(*) AS n, sum(cost_usd) AS usd, quantile_disc(latency_ms, [0.5, 0.95, 0.99]) AS latency FROM ${source} GROUP BY tier`)) {
  const t = own.tiers.find((t) => t.tier === r.tier);
  same(`${r.tier}, requests`, t.requests, Number(r.n), 0);
  same(`${r.tier}, cost`, t.usd, r.usd, 1e-9);
  ["p50", "p95", "p99"].forEach((p, i) => same(`${r.tier}, ${p}`, t.latency_ms[p], r.latency[i], 0.0101));
}
const days = `read_parquet('${folder}/feature_days.parquet')`;
for (const r of await rows(`SELECT c.feature, c.day, CAST(c.n AS BIGINT) AS n, c.usd, d.requests, d.usd AS own FROM (SELECT feature, day, sum(n) AS n, sum(usd) AS usd FROM cells GROUP BY ALL) c
  FULL JOIN ${days} d ON c.feature = d.feature AND DATE '1970-01-01' + c.day = d.day`)) {
  same(`${r.feature} on day ${r.day}, requests`, Number(r.requests), Number(r.n), 0);
  same(`${r.feature} on day ${r.day}, cost`, r.own, r.usd, 1e-9);
}
console.log(`${compared} figures compared, ${wrong} differ`);
process.exit(wrong > 0 ? 1 : 0);
