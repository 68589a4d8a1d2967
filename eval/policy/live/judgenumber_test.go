package live

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// The final number as a fraction, and "" where there is none.
func TestJudgeNumberFinal(t *testing.T) {
	figures := newJudgeFigures()
	for _, c := range []struct{ in, want string }{
		{"18", "18"}, {" 18.\n", "18"}, {"$18", "18"}, {"18%", "18"}, {`\$18`, "18"}, {`18\%`, "18"}, {"€1,234.50", "2469/2"}, {"1,234", "1234"}, {"1,234,567.", "1234567"},
		{"**18**", "18"}, {"18 dollars", "18"}, {"18km", "18"}, {"2nd", "2"}, {"(18)", "18"}, {"=18", "18"}, {"x=18", "18"}, {"共18个", "18"}, {"018", "18"}, {"18.00", "18"}, {".5", "1/2"}, {"0.5", "1/2"},
		{"", ""}, {"none", ""}, {"eighteen", ""}, {"x2", ""}, {"H2O", ""}, {"١٨", ""}, {".", ""}, {"-", ""}, {"NaN", ""}, {"Infinity", ""}, {"0x10", "0"},

		// The last one counts.
		{"1 and 2", "2"}, {"9 * 2 = $18 a day", "18"}, {"1, 2", "2"}, {"1,2", "2"}, {"1,23", "23"}, {"1,2345", "2345"}, {"12,345", "12345"}, {"1234,567", "567"}, {"1,234,56", "56"},
		{"5 m^2", "5"}, {"5 cm^{-2}", "5"}, {"x_1 = 5 and x_2", "5"}, {"log_{2} of 8", "8"}, {"it is _18_", "18"}, {"90^\\circ", "90"}, {"2:30", "30"}, {"5!", "5"},

		// Signs.
		{"-18", "-18"}, {"−18", "-18"}, {"–18", "-18"}, {"－18", "-18"}, {"-$18", "-18"}, {"$-18", "-18"}, {"= -18", "-18"}, {"(-18)", "-18"}, {"10-18", "18"}, {"10 - 18", "18"}, {"10–18", "18"},
		{"A-18", "18"}, {")-18", "18"}, {"--18", "18"}, {"- 18", "18"}, {"+18", "18"}, {"-0", "0"}, {"-.5", "-1/2"}, {"$10-$5", "5"},

		// Fractions, powers of ten.
		{"3/4", "3/4"}, {"6/8", "3/4"}, {"-3/4", "-3/4"}, {"2 3/4", "11/4"}, {"-2 3/4", "-11/4"}, {"2 5/4", "5/4"}, {"12 / 4", "4"}, {"1.5/2", "3/4"}, {"3/0", ""}, {"1/2/3", ""}, {"12/25/2020", ""},
		{`\frac{3}{4}`, "3/4"}, {`\dfrac{ 3 }{ 4 }`, "3/4"}, {`-\frac{3}{4}`, "-3/4"}, {`2\frac{3}{4}`, "11/4"}, {`2 \tfrac{3}{4}`, "11/4"}, {`\frac{3}{0}`, ""}, {`\frac{a}{4}`, "4"}, {`\frac{`, ""},
		{"1.5e3", "1500"}, {"1E-2", "1/100"}, {"1e+2", "100"}, {"1e−2", "1/100"}, {"2e", "2"}, {"2eggs", "2"}, {"1e5x", "1"}, {"1.5 × 10^3", "1500"}, {`1.5 \times 10^{3}`, "1500"}, {`1.5\cdot10^{-1}`, "3/20"}, {"2 x 10**3", "2000"},
		{"10^3", "1000"}, {"10^{-2}", "1/100"}, {"2^10", ""}, {"2**10", ""}, {"2^{n}", ""}, {"10{,}000", "10000"}, {`10\,000`, "10000"}, {"10\u00a0000", "10000"}, {"10\u202f000", "10000"},
		{"1.2.3", ""}, {"192.168.0.1", ""}, {"7 and 1.2.3", ""},

		// Marks.
		{"9*2=18\n#### 18", "18"}, {"#### 18 (of 20)", "18"}, {"#### $1,234.00", "1234"}, {"#### -18\n\nNote: 5 of 6", "-18"}, {"#### **18**", "18"}, {"####18", "18"}, {"#### 1\n#### 2\n 3", "2"},
		{"#### 4. Sum: 18", "18"}, {"#### Step 4\n18", "18"}, {"#### 18.", "18"}, {"#### 18.\nin 5 days", "18"}, {"####", ""}, {"18 ####", "18"},
		{`\boxed{18} of 20`, "18"}, {`\boxed{{18}}`, "18"}, {`\boxed{\frac{3}{4}}. 5`, "3/4"}, {`\boxed{x = 18\text{ cm}^2}`, "18"}, {`\boxed{1} \boxed{2} 3`, "2"}, {`18 \boxed{x}`, "18"}, {`\boxed{18`, "18"}, {`\boxed{2^{10}} 7`, ""},

		// JSON.
		{`{"answer":18,"n":5}`, "18"}, {`{"answer":"$18","n":5}`, "18"}, {"```json\n{\"answer\": \"18\"}\n```\nin 5 steps", "18"}, {"{\"reasoning\": \"a\nb\", \"answer\": \"18\"}", "18"}, {`{"answer":"x","n":5}`, ""},
		{`{"answer":{"answer":{"answer":18}}}`, "18"}, {`"answer": "18`, "18"}, {`"answer"`, ""},

		// Bounds.
		{"1e400", "1" + strings.Repeat("0", 400)}, {"1e401", ""}, {"1e-401", ""}, {"1e999999999", ""}, {"1e-999999999", ""}, {"7 1e99999999999999999999999", ""}, {"10^999999999", ""}, {"2 × 10^{999999999}", ""},
		{strings.Repeat("9", 400), strings.Repeat("9", 400)}, {strings.Repeat("9", 401), ""}, {"1" + strings.Repeat(",000", 134), ""}, {"1/" + strings.Repeat("9", 400), ""}, {"0." + strings.Repeat("9", 1<<20), ""},
	} {
		got := ""
		if value, _ := figures.final(judgeJSONAnswer(c.in)); value != nil {
			got = value.RatString()
		}
		if got != c.want {
			t.Errorf("%.60q: %.60q, expected %.60q", c.in, got, c.want)
		}
	}
}

func TestJudgeNumber(t *testing.T) {
	whole := judgeFor(t, "number", JudgeDeps{})
	field := judgeFor(t, "number", JudgeDeps{Answer: judgeAnswer(t, "json:final")})
	pattern := judgeFor(t, "number", JudgeDeps{Answer: judgeAnswer(t, `regex:(?i)total: (\S+)`)})
	for _, c := range []struct {
		judge   Judge
		ref, in string
		want    float64
	}{
		{whole, "18", "She makes $18.00 every day.", 1}, {whole, "18", "19", 0}, {whole, "18", "", 0}, {whole, "18", "many", 0}, {whole, "0.75", "3/4", 1}, {whole, "3/4", "0.75", 1}, {whole, "1/3", "0.333", 0},
		{whole, "50%", "50", 1}, {whole, "50", "50 %", 1}, {whole, "50%", "0.5", 0}, {whole, "1,234", "1234.0", 1}, {whole, "150000", "1.5 × 10^5", 1}, {whole, "-5", "−5", 1}, {whole, "-5", "5", 0},
		{whole, "0.1", "0.1000000000000000055511151231257827", 0}, // exactly, not as floats
		{whole, "9007199254740993", "9007199254740992", 0},
		{whole, "She sells 9 eggs for 2 each.\n#### 18", "18", 1}, {whole, `The sum of 9 and 9 is \boxed{18}`, "18", 1}, {whole, `{"answer": "18"}`, "18", 1}, {whole, "18 dollars", "18", 1},
		{whole, "", "18", judgeUnscored}, {whole, "eighteen", "18", judgeUnscored}, {whole, "between 17 and 18", "18", judgeUnscored}, {whole, "1e999999999", "1e999999999", judgeUnscored},
		{whole, "2^{10}", "1024", judgeUnscored}, {whole, "3/0", "3/0", judgeUnscored}, {whole, "NaN", "NaN", judgeUnscored}, {whole, "17:03", "17:03", judgeUnscored},
		{whole, "18", "1e999999999", 0}, {whole, "18", strings.Repeat("1 ", 1<<19) + "18", 1}, {whole, "18", strings.Repeat("9", 1<<20), 0},
		{field, "18", `{"final":18,"n":5}`, 1}, {field, "18", "18", 0}, {pattern, "18", "Total: $18 (in 5 days)", 1}, {pattern, "18", "18", 0},
	} {
		judgeExpect(t, c.judge, datasets.Prompt{Reference: c.ref}, c.in, c.want)
	}
}

func FuzzJudgeNumber(f *testing.F) {
	for _, seed := range []string{"18", "-1,234.5", "2 3/4", `\frac{3}{4}`, "1.5 × 10^3", "#### 18", `\boxed{{18}}`, `{"answer":18}`, "1e999999999", "1/2/3", "x_1^{2}", "−$5", "10{,}000", "\xff1"} {
		f.Add(seed)
	}
	figures := newJudgeFigures()
	bound := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(2*judgeDigits), nil))
	f.Fuzz(func(t *testing.T, text string) {
		value, _ := figures.final(judgeJSONAnswer(text))
		if value == nil {
			return
		}
		if new(big.Rat).Abs(value).Cmp(bound) > 0 {
			t.Fatalf("%s", value)
		}
		// A number written plainly is read back.
		again, only := figures.final(value.RatString())
		if len(value.RatString()) < judgeDigits && (again == nil || again.Cmp(value) != 0 || !only) {
			t.Fatalf("%s is read as %v", value.RatString(), again)
		}
		// A mark at the end decides.
		if last, _ := figures.final(text + "\n#### 7"); last == nil || last.Cmp(big.NewRat(7, 1)) != 0 {
			t.Fatalf("%v in spite of the mark", last)
		}
	})
}

// Integers and decimals as Go writes them are read as they are.
func FuzzJudgeNumberPlain(f *testing.F) {
	f.Add(int64(-5), 0.1)
	f.Add(int64(1)<<62, 1e300)
	f.Fuzz(func(t *testing.T, n int64, x float64) {
		figures := newJudgeFigures()
		for _, text := range []string{strconv.FormatInt(n, 10), strconv.FormatFloat(x, 'g', -1, 64), strconv.FormatFloat(x, 'f', -1, 64)} {
			want, ok := new(big.Rat).SetString(text)
			if !ok || len(text) > judgeDigits { // NaN, infinities
				continue
			}
			if got, only := figures.final("It is " + text + "."); got == nil || got.Cmp(want) != 0 || !only {
				t.Fatalf("%s is read as %v", text, got)
			}
		}
	})
}
