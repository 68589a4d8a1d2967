// Package stats turns counts, scores and resampled values into intervals,
// p-values and calibration figures, each by a formula that its comment cites.
//
// Data flows one way, from small inputs to numbers that a report can print:
//
//  1. Counts of right and wrong give rates with intervals (Wilson; exactly
//     ClopperPearson, BinomialLower, BinomialUpper) and paired comparisons
//     (McNemar, McNemarOneSided, SignFlip for means over repeats), whose p-values
//     are adjusted together (Holm), with bounds of the difference (BonettPrice).
//     MinimumDetectable, PairsNeeded and McNemarPower say what such a comparison
//     can find.
//
//  2. A statistic of a table of counts is resampled from the counts
//     (Multinomial, MultinomialEach); a statistic of continuous values is
//     resampled by item or by cluster (Resample). The replicates give an
//     interval (Percentile, BCa).
//
//  3. Scores and labels fit one temperature (FitTemperature); the probabilities
//     it gives (Softmax) are judged by Brier, Reliability and ECE against its
//     null value (NullECE), and by the trade between coverage and risk
//     (RiskCoverageCurve, AURC).
//
//  4. Losses on a split that nothing was fitted on become p-values of too high a
//     risk (RiskBinomial, RiskHoeffdingBentkus, RiskBetting), and these certify
//     settings with a guarantee for finite samples (CertifyFixedSequence from a
//     LearnedStart, CertifyHolm, CertifyBonferroni); SamplesNeeded says how many
//     rows would do where they do not.
//
//  5. Counts of a log are held against those of a split in the same cells: how far
//     apart they are (PSI, TotalVariation), and how far chance alone would bring
//     them (PSINull, Homogeneity, or HomogeneityPermutation where CochranRule says
//     that counts are too few; KolmogorovSmirnov for bins in order).
//
// Nothing here reads a clock, a file or a global random source: whatever draws
// takes a seed, and replicate b of a seed is the same numbers however many
// replicates are asked for and whichever goroutine asks. All functions are safe
// for concurrent use on separate output slices.
//
// Mistakes of the calling program (negative counts, slices of unequal length,
// NaN where a number is due) panic with a fixed string that begins "stats: ".
// A figure that the data leave undefined, such as the calibration error of no
// predictions, is NaN and documented so.
package stats
