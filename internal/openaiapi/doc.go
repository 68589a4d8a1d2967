// Package openaiapi is the one place that talks HTTP: it asks servers that
// speak OpenAI's protocol for answers and embeddings, and loses neither an
// answer nor what it cost.
//
// A [Client] looks a request up in its [Store], and else waits for room in the
// [Ledger], notes in the store that it is about to ask, waits for a slot of the
// limiter, asks, and keeps the answer or the failure before it hands it out. The
// request is built and sent by go-openai, through a transport of ours that
// sends the very bytes that were hashed into the request's key, and that reads
// what go-openai drops or mistakes: billed cost, errors under status 200 and
// amid streams, comments in streams, bodies of other formats.
//
// Requests are sent again after HTTP 408, 429 and 5xx only, also where a body
// under status 200 says so before anything of an answer came, or where no
// connection came about: in all other cases an answer may have been billed.
// A request that is under way when its context ends is waited for, since it is
// paid for.
package openaiapi
