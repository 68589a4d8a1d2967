package live

import (
	"context"
	"math/big"

	"github.com/routeproof/routeproof/datasets"
)

// judgeNumber gives 1 where the final number of the response equals the
// reference's exactly, as fractions, else 0. The first of these that holds a
// number is where the final one is looked for:
//
//  1. A response that is a JSON object with an "answer", also in a code fence,
//     is that answer.
//  2. What stands right behind the last "####", but in a heading ("#### 2. Sum").
//  3. The last \boxed{…}.
//  4. The whole text.
//
// There the last number counts. Numbers are 12, 1,234.5, .5, 3/4, 2 3/4 (two
// and three quarters), \frac{3}{4}, 1.5e3, 1.5 × 10^3 and 10^3; with a hyphen,
// minus or dash right before them (and before a currency sign) that follows no
// digit, letter or closing bracket they are negative. Currency and percent
// signs, units and white space count nothing, so 50% is 50 and not 0.5; 2:30 is
// two numbers. Digits are ASCII. Digits behind a letter of an alphabet (x2, H2O), in exponents of
// letters (m^2) and in indices (x_1) are no numbers.
//
// A number that cannot be computed with is none, and no other is looked for:
// one of more than 400 digits or with an exponent beyond ±400, a power of
// anything but ten, a division by zero, 1.2.3 and 1/2/3.
//
// The reference is read likewise; one that holds several numbers and no mark
// that says which has none, and the score is unknown.
type judgeNumber struct {
	final   judgeFinal
	figures *judgeFigures
}

func (judgeNumber) Name() string { return "number" }

func (j judgeNumber) Score(_ context.Context, prompt *datasets.Prompt, response string) (Verdict, error) {
	if judgeBlank(prompt.Reference) {
		return judgeNoReference(), nil
	}
	want, only := j.figures.final(judgeJSONAnswer(prompt.Reference))
	if want == nil || !only {
		return judgeUnknown("the reference is no number: expected one alone, or marked by #### or \\boxed{}"), nil
	}
	text, ok := j.final.of(response)
	if !ok {
		return judgeWrong("no answer in the response"), nil
	}
	got, _ := j.figures.final(text)
	switch {
	case got == nil:
		return judgeWrong("no final number in the response"), nil
	case got.Cmp(want) != 0:
		return judgeWrong("expected %s, found %s", judgeRat(want), judgeRat(got)), nil
	}
	return judgeRight(), nil
}

// judgeRat is a number for people, shortened.
func judgeRat(r *big.Rat) string {
	if digits, exact := r.FloatPrec(); exact && digits < 30 {
		return judgeCut(r.FloatString(digits))
	}
	return judgeCut(r.RatString())
}

func judgeCut(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
