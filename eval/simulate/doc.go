// Package simulate runs policies over recorded outcomes and says how good, how
// dear and how fast they are.
//
// [Suite.Run] serves every request by each policy and keeps a [Trace] of it; [Compare] sets
// traces side by side on the same requests, with paired intervals;
// [SweepCascade] and [SweepPairs] go through every distinct threshold at once,
// and give what the policy itself would at each.
package simulate
