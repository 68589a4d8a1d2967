// Package logs turns a router's request log, a JSON object a line, into figures
// that decisions rest on: what is spent where, how requests fall on tiers, how
// often they escalate, what routing saves, whether traffic still looks as it
// did when a threshold was certified, and which requests to label next.
//
// Data flows one way:
//
//  1. [Scan] cuts the files into blocks of whole lines and parses these on all
//     processors; what cannot be used of a line is counted as a [Fault], and the
//     rest of it is kept. Blocks come out in the order of the files.
//  2. A [Tally] adds up records in bounded memory: counts, money that is exact to
//     1e-12 USD, latencies in DDSketches. Tallies of parts merge to that of the
//     whole.
//  3. [Tally.Summary] makes figures of it, with intervals; [Drift] holds it against
//     an artifact; a [Rule] such as cost_per_day.support_bot > 40 is decided on the
//     summary.
//  4. [Draw] reads the files again and draws requests to label, with weights by
//     which [Evaluate] estimates the router's accuracy on all of them.
//
// What is unknown stays unknown: a request without a cost adds nothing to a sum
// and one to the number of those unknown, which stands beside the sum.
package logs
