// Package synth makes prompts with tiers that are known: [Deriver] finds them
// in recorded outcomes of a ladder of models, [Generator] makes up prompts,
// outcomes, recorded classifier answers and request logs of any size out of a
// written model, so that what is measured on them can be compared with what is
// true ([Generator.Truth]). Everything generated is plainly synthetic: words
// are made up of syllables and mean nothing.
//
// A row is a function of the configuration and its number alone. The same
// configuration gives the same rows in any order of asking, and the first n
// are the same whatever follows; a set of another seed is a fresh sample of the
// same population. U is uniform on (0, 1), N normal, Φ its distribution
// function; draws are independent unless something is said of them. Random
// numbers are PCG seeded by hashes of seed, use, row and model; normal draws are
// Φ⁻¹(U). Values may differ in their last bits between architectures.
//
// # Prompts
//
// A prompt's difficulty is d ~ N(0, 1). Thresholds cut it into tiers:
// τ_k = Φ⁻¹(share of tiers 1 … k), so that the tier is k where
// τ_{k−1} ≤ d < τ_k and has its configured share. Domain, language and task type
// are drawn by their weights, whatever the tier.
//
// A text has n words, n = round(W_k · exp(σN)) within 3 … 20,000, with W_k the
// words of its tier and σ the length spread. Its word tier is its own tier with
// probability S (WordSignal), else a tier drawn by the shares. The first word,
// and each other one with probability .25, is of the word tier's list; .15 are of
// the domain's, .02 are numbers, the others are common. Rank r of a list of
// 4,000 (common) or 200 words comes with probability ∝ r^−s, s the Zipf exponent.
// Lists are of a language, and no two share a word. A sentence ends behind its
// fourth and each further word with probability .11, in ".", "?" or "!" (.7, .25,
// .05), and 2 in 11 of those with a line break; commas follow .07 of the others.
//
// The words of a text therefore tell its word tier w and nothing else of its
// tier: P(tier t | w) = S·[t=w] + (1−S)·share_t. The best accuracy of a classifier
// that sees them is Σ_w share_w · max_t P(t | w), the WordLimit of [Truth]: that
// of the majority at S = 0, 1 at S = 1. Length tells more, unless Words are the
// same for all tiers.
//
// Each prompt but the first is a near-duplicate with probability NearDuplicates:
// its source is an earlier row, drawn evenly; if that is a near-duplicate
// itself, its source, and so on. It is its source with one change (one of
// [Typo], [Case], [Punctuation], [Word], equally frequent) and shares all that is
// true of it; group is the source's id. Where there are no near-duplicates
// prompts have no group.
//
// # Outcomes
//
// A model of ability a is right on a prompt with probability
// p(d) = 1/(1 + exp(−slope·(a − d))). It is right where
// √ρ·z + √(1−ρ)·ε < Φ⁻¹(p), with z ~ N(0, 1) of the prompt and ε ~ N(0, 1) of prompt
// and model (a Gaussian copula): ρ correlates what models get wrong given the
// difficulty, and leaves p alone. Abilities that are not given are the upper
// threshold of the model's tier + .25; the last tier's upper threshold is where
// a tenth of its share lies beyond. Score is 1 or 0, or fractional, uniform over
// .50 … 1.00 or .00 … .49 in hundredths.
//
// A share of calls is a timeout: an error, TimeoutMS, and nothing else known.
//
// Confidence is P(right | y) = 1/(1 + exp(−δy − ln(π/(1−π)))) of a signal
// y ~ N(+δ/2, 1) for right and N(−δ/2, 1) for wrong answers, π the model's accuracy:
// a calibrated signal. Its AUROC within a model is Φ(δ/√2) (binormal model, Green
// and Swets 1966), so δ = √2·Φ⁻¹(A) for the configured A; at A = ½ it is the constant π.
//
// An answer has one form or none: short, uncertain, refusing, empty or, where
// the task type is not general and JSON is required, malformed, with the
// probabilities of [Forms] given right or wrong. Form has no part in the score.
// A check for under 20 characters fires on short and empty answers; one for
// phrases (I'm not sure, I don't know, I don't have enough, I cannot, I'm unable,
// as an AI) on uncertain and refusing ones; one for JSON on malformed, refusing
// and empty ones. On other answers none does. [Truth] has the rates.
//
// The final answer is a value such as k48213, Prompt.Reference for right answers
// and one of D distractors, evenly, for wrong ones: two wrong answers agree with
// probability 1/D. It stands behind "Answer: ", in the field "answer" of JSON,
// or alone in short answers.
//
// # Tokens, cost, time
//
// Input tokens are a quarter of the text's code points, rounded up. Output tokens
// are round(E_k·exp(σN − σ²/2)), at least 1, with E_k the OutputTokens of the
// prompt's tier, whichever model answers: E_k is their mean. Short answers have 4,
// refusing ones 12, empty ones 0. Beyond the model's MaxTokens they are cut
// (finish_reason length), which has no part in the score. The text of a response is
// shorter than its tokens say: 4 to 40 words. Cost is input · price + output ·
// price. ttft is TTFT·exp(σN), latency is ttft + output/tokens_per_s·exp(σN), σ the
// latency spread: configured values are medians.
//
// # Classifier answers
//
// An answer is invalid with probability Invalid. Else it names the true tier
// with probability Accuracy, and another one at a distance of k tiers with a
// probability ∝ 2^−k; 30 % of them in another case or with space or marks around
// the name. Input is 150 tokens and those of the first 800 code points.
//
// # Logs
//
// Request i comes when i + U requests are expected since Start, at a rate that is
// constant within an hour of the week (DailySwing, Weekend) and PerDay on average:
// records are in order of time. Its feature is drawn by weight, its tier by the
// feature's mix, its message evenly from the tier's among the first Messages
// prompts (and as many more as it takes to have one of each tier): msg_hash joins
// them. The router chooses the tier as a classifier of RouterAccuracy does. A
// model answers as above, but without timeouts; where its answer has one of the
// forms above and there is a dearer tier that one is asked, and so on. Tokens,
// cost and latency are those of the last call, as routers log them: what was paid
// before is not in the record.
// From day Drift.Day on requests are a tier higher with probability Harder and
// scores lower by ScoreDrop. Scores are of the first choice, N(.6, .08²), and
// lower for others by U(.02, .06) for each tier of distance.
package synth
