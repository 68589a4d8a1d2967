package datasets

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	containers   = []string{"jsonl", "csv", "parquet"}
	compressions = []string{"", "gz", "zst"}
)

// bitEqual holds −0 apart from 0, and no list from an empty one.
var bitEqual = cmp.Options{
	cmp.Comparer(sameBits[float64]),
	cmp.Comparer(func(a, b []float64) bool { return (a == nil) == (b == nil) && slices.EqualFunc(a, b, sameBits) }),
	cmp.Comparer(func(a, b []float32) bool { return (a == nil) == (b == nil) && slices.EqualFunc(a, b, sameBits) }),
}

func sameBits[F float32 | float64](a, b F) bool {
	return a == b && math.Signbit(float64(a)) == math.Signbit(float64(b))
}

// nasty are texts that some container might not bring back.
var nasty = []string{
	"", " ", "  lead", "trail \t", "\n", "\r", "\r\n", "a\nb", "a\rb", "a\r\nb", "\r\n\r\n", "a\n", "\na", "a\r", "\ra",
	`"`, `""`, `"a"`, `a"b`, `"a`, `a"`, ",", "a,b", ";", "a;b", "\t", "a\tb", "|", "'", `'a'`, `\`, `\\`, `\n`, `\"`, `\u0041`, `\N`,
	"\ufeff", "\ufeffid", "\x00", "a\x00b", "\x1f", "\x7f", "\u0085", "\u00a0", "\u2028", "\u2029", "\ufffd", "\U0010ffff",
	"😀", "👩‍👩‍👧‍👦", "日本語", "é", "e\u0301", "مرحبا", "null", "NULL", "NaN", "nan", "None", "true", "1", "01", "1e5", "-0", "[1,2]", `{"a":[1]}`,
	"{", "[", "=1+1", "#", "# id,prompt", "<b>&amp;</b>", "PAR1", "id", "prompt\nid", strings.Repeat("long ", 2000), strings.Repeat(`"`, 700), strings.Repeat("\r\n", 700),
}

// maker makes random values. Every third optional one is absent.
type maker struct{ *rand.Rand }

func (m maker) text() string {
	switch m.IntN(3) {
	case 0:
		return nasty[m.IntN(len(nasty))]
	case 1:
		return nasty[m.IntN(len(nasty)-3)] + nasty[m.IntN(len(nasty)-3)]
	}
	runes := make([]rune, m.IntN(30))
	for i := range runes {
		runes[i] = []rune{'a', 'Z', '0', ' ', '"', ',', ';', '\t', '\n', '\r', 'ß', '中', '😀', rune(m.IntN(0xd800))}[m.IntN(14)]
	}
	return string(runes)
}

func (m maker) word() string { return []string{"", "code", "law", "a, b", "\"q\""}[m.IntN(5)] }

// name is never empty, and differs for each i.
func (m maker) name(i int) string { return m.text() + "·" + fmt.Sprint(i) }

func (m maker) one(of ...string) string { return of[m.IntN(len(of))] }

func optional[T any](m maker, value T) Optional[T] {
	if m.IntN(3) == 0 {
		return Optional[T]{}
	}
	return Known(value)
}

// within is a number from 0 to high.
func (m maker) within(high float64) float64 {
	return []float64{0, math.Copysign(0, -1), high, high / 3, math.SmallestNonzeroFloat64, 0x1p-1022, 1e-7, 0.1, high * m.Float64()}[m.IntN(9)]
}

func (m maker) any() float64 {
	return []float64{
		0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64,
		0x1p-1022, 1 << 53, 1<<53 + 2, 1e21, 1e-6, math.Nextafter(1, 2), 0.1, -1.0 / 3, m.NormFloat64(),
	}[m.IntN(15)]
}

func (m maker) whole() int { return []int{0, 1, maxCount, m.IntN(maxCount)}[m.IntN(4)] }

func (m maker) list() []float64 {
	if m.IntN(3) == 0 {
		return nil
	}
	list := make([]float64, []int{0, 1, 4, 700}[m.IntN(4)])
	for i := range list {
		list[i] = m.any()
	}
	return list
}

func (m maker) vector(dims int) []float32 {
	v := make([]float32, dims)
	for i := range v {
		v[i] = []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0x1p-126, 0.1, float32(m.NormFloat64())}[m.IntN(8)]
	}
	return v
}

func (m maker) prompt(i int) Prompt {
	return Prompt{
		ID: m.name(i), Text: m.text(), Tier: m.one("", "SIMPLE", "COMPLEX"), AltTier: m.one("", "MEDIUM"), Domain: m.word(), Language: m.text(), Group: m.text(),
		Split: m.one("", "train", "test"), TaskType: m.one("", "general"), Reference: m.text(), Schema: m.one("", `{"type":"object"}`, `{}`), Source: m.text(), Licence: m.word(),
	}
}

func (m maker) outcome(i int) Outcome {
	o := Outcome{
		ID: m.name(i / 2), Model: m.name(i), Prompt: m.text(), Domain: m.word(), Response: optional(m, m.text()), Score: optional(m, m.within(1)),
		Confidence: optional(m, m.within(1)), InputTokens: optional(m, m.whole()), OutputTokens: optional(m, m.whole()), CostUSD: optional(m, m.within(maxUSD)),
		LatencyMS: optional(m, m.within(maxMS)), FinishReason: m.word(), Error: m.text(),
	}
	if o.Error != "" && o.Score.Known {
		o.Score = Known(0.0)
	}
	if o.LatencyMS.Known {
		o.TTFTMS = optional(m, o.LatencyMS.Value/2)
	}
	return o
}

func (m maker) answer(i int) RecordedAnswer {
	return RecordedAnswer{ID: m.name(i), Repeat: m.whole(), Answer: Answer{
		Text: m.text(), Model: m.word(), InputTokens: optional(m, m.whole()), OutputTokens: optional(m, m.whole()),
		CostUSD: optional(m, m.within(maxUSD)), LatencyMS: optional(m, m.within(maxMS)), Logprobs: m.one("", "[-0.1]", `{"a":null}`, m.text()),
	}}
}

func (m maker) prediction(i int) Prediction {
	return Prediction{
		ID: m.name(i), Classifier: m.one("a", "b c", "ü"), Tier: m.one("SIMPLE", "x,y"), Predicted: m.one("SIMPLE", "x\ny"), Split: m.one("", "tune"), Fold: optional(m, m.whole()),
		Repeat: m.whole(), Scores: m.list(), Confidence: optional(m, m.within(1)), Invalid: m.IntN(2) == 0, Error: m.text(), Model: m.word(), InputTokens: optional(m, m.whole()),
		OutputTokens: optional(m, m.whole()), CostUSD: optional(m, m.within(maxUSD)), LatencyMS: optional(m, m.within(maxMS)), Domain: m.word(), Group: m.text(),
	}
}

func (m maker) price(i int) Price {
	return Price{Model: m.name(i), InputPerM: m.within(maxUSD), OutputPerM: m.within(maxUSD), TTFTMS: optional(m, m.within(maxMS)), TokensPerS: optional(m, 1e-7+m.within(1e8))}
}

func TestRoundTrip(t *testing.T) {
	roundTrips(t, "prompts", Prompts(testTiers), maker.prompt, nil)
	roundTrips(t, "outcomes", Outcomes(), maker.outcome, nil)
	roundTrips(t, "answers", Answers(), maker.answer, nil)
	roundTrips(t, "scores", Scores(), func(m maker, i int) Score { return Score{ID: m.name(i), Score: m.any()} }, nil)
	roundTrips(t, "prices", Prices(), maker.price, nil)
	roundTrips(t, "predictions", Predictions(), maker.prediction, keepScores)
	roundTrips(t, "vectors of 1", Vectors(), func(m maker, i int) Vector { return Vector{ID: m.name(i), Values: m.vector(1)} }, keepVector)
	roundTrips(t, "vectors of 513", Vectors(), func(m maker, i int) Vector { return Vector{ID: m.name(i), Values: m.vector(513)} }, keepVector)
}

func keepVector(v *Vector) { v.Values = slices.Clone(v.Values) }

// roundTrips writes random rows in every format, as many as end before, at and
// after a batch, and reads them back.
func roundTrips[T any](t *testing.T, name string, kind Kind[T], row func(maker, int) T, keep func(*T)) {
	for _, container := range containers {
		for _, compression := range compressions {
			f := Format{Container: container, Compression: compression}
			t.Run(name+"/"+nameOf(f), func(t *testing.T) {
				sizes := []int{1, 127, 128, 129, 1023, 1024, 1025}
				if compression != "" || raceDetector {
					sizes = []int{2, 200}
				}
				for _, n := range sizes {
					m := maker{rand.New(rand.NewPCG(uint64(n), 0))}
					rows := make([]T, n)
					for i := range rows {
						rows[i] = row(m, i)
					}
					checkRoundTrip(t, kind, f, rows, keep)
				}
			})
		}
	}
}

func checkRoundTrip[T any](t *testing.T, kind Kind[T], f Format, rows []T, keep func(*T)) []byte {
	t.Helper()
	var once, twice bytes.Buffer
	for _, out := range []*bytes.Buffer{&once, &twice} {
		if err := kind.Write(out, f, WriteOptions{Metadata: map[string]string{"b": "2", "a": "1"}}, putAll(rows)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Errorf("%d rows: the same rows gave different bytes", len(rows))
	}
	var got []T
	summary, err := kind.Scan(bytes.NewReader(once.Bytes()), "f."+f.Container, nil, func(row *T) error {
		if keep != nil {
			keep(row)
		}
		got = append(got, *row)
		return nil
	})
	if err != nil {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	if summary.Rows != len(rows) || len(summary.Warnings) > 0 {
		t.Errorf("%d rows: summary %+v", len(rows), summary)
	}
	if f.Container == "parquet" && (summary.Metadata("a") != "1" || summary.Metadata("b") != "2" || summary.Metadata("c") != "") {
		t.Errorf("metadata are lost")
	}
	if len(got) != len(rows) {
		t.Fatalf("%d of %d rows came back", len(got), len(rows))
	}
	for i := range rows {
		if diff := cmp.Diff(rows[i], got[i], bitEqual); diff != "" {
			t.Fatalf("row %d of %d: want −, got +:\n%s", i, len(rows), diff)
		}
	}
	return once.Bytes()
}

// TestRoundTripOfManyRows crosses the edges of Parquet's row groups, which have
// 131,072 rows or 64 MiB.
func TestRoundTripOfManyRows(t *testing.T) {
	f := Format{Container: "parquet"}
	m := maker{rand.New(rand.NewPCG(21, 0))}
	rows := make([]Score, 2<<17+1)
	for i := range rows {
		rows[i] = Score{ID: fmt.Sprint(i), Score: m.any()}
	}
	for _, n := range []int{1 << 17, 1<<17 + 1, 2<<17 + 1} {
		checkRoundTrip(t, Scores(), f, rows[:n], nil)
	}
	long := make([]Prompt, 140)
	for i := range long {
		long[i] = Prompt{ID: fmt.Sprint(i), Text: strings.Repeat(fmt.Sprint(i), 1<<20/len(fmt.Sprint(i)))}
	}
	checkRoundTrip(t, Prompts(nil), f, long, nil)
}

// TestRoundTripOfNoRows holds that a file without rows is written and refused.
func TestRoundTripOfNoRows(t *testing.T) {
	for _, container := range containers {
		var out bytes.Buffer
		if err := Scores().Write(&out, Format{Container: container}, WriteOptions{}, putAll[Score](nil)); err != nil {
			t.Fatal(err)
		}
		_, err := Scores().Scan(&out, "f."+container, nil, nil)
		if diff := cmp.Diff([]string{"f." + container + ": no scores: expected rows with id and score"}, problemsOf(t, err)); diff != "" {
			t.Errorf("want −, got +:\n%s", diff)
		}
	}
}

// TestWriteRefuses holds that what no reader takes is not written.
func TestWriteRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	long := strings.Repeat("x", 8<<20+1)
	for _, container := range containers {
		f := Format{Container: container}
		write := func(name, want string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %s: got %v, expected %q", container, name, err, want)
			}
		}
		var out bytes.Buffer
		write("NaN", "row 1, column score: NaN cannot be written", Scores().Write(&out, f, WriteOptions{}, putAll([]Score{{"a", nan}})))
		write("Inf", "row 2, column score: +Inf cannot be written", Scores().Write(&out, f, WriteOptions{}, putAll([]Score{{"a", 1}, {"b", inf}})))
		write("NaN in scores", "row 1, column scores: NaN cannot be written", Predictions().Write(&out, f, WriteOptions{}, putAll([]Prediction{{ID: "a", Classifier: "c", Tier: "x", Predicted: "x", Scores: []float64{1, nan}}})))
		write("Inf in a vector", "row 1, column embedding: -Inf cannot be written", Vectors().Write(&out, f, WriteOptions{}, putAll([]Vector{{"a", []float32{float32(-inf)}}})))
		write("half a character", "row 1, column id: text is not valid UTF-8", Scores().Write(&out, f, WriteOptions{}, putAll([]Score{{"\xff", 1}})))
		write("too long", "is longer than 8 MiB", Prompts(nil).Write(&out, f, WriteOptions{}, putAll([]Prompt{{ID: "a", Text: long}})))
		write("an unknown column", `scores are not written with a column "scroe": expected one of id, score (did you mean "score"?)`, Scores().Write(&out, f, WriteOptions{Columns: []string{"scroe"}}, putAll[Score](nil)))
		write("a column that is only read", `outcomes are not written with a column "correct": expected one of id, model, prompt,`, Outcomes().Write(&out, f, WriteOptions{Columns: []string{"score", "correct"}}, putAll[Outcome](nil)))
		write("an id without anything", "row 2, column id: is empty: expected the id of a prompt", Scores().Write(&out, f, WriteOptions{}, putAll([]Score{{"a", 1}, {"", 1}})))
		write("a blank id", "row 1, column id: holds nothing but white space: expected the id of a prompt", Scores().Write(&out, f, WriteOptions{}, putAll([]Score{{" \t\u00a0", 1}})))
		write("a score out of range", "row 1, column score: expected 0 to 1, found 7", Outcomes().Write(&out, f, WriteOptions{}, putAll([]Outcome{{ID: "a", Model: "m", Score: Known(7.0)}})))
		write("a negative count", "row 1, column input_tokens: expected 0 to 1000000000, found -3", Outcomes().Write(&out, f, WriteOptions{}, putAll([]Outcome{{ID: "a", Model: "m", InputTokens: Known(-3)}})))
		write("a negative repeat", "row 1, column repeat: expected 0 to 1000000000, found -1", Answers().Write(&out, f, WriteOptions{}, putAll([]RecordedAnswer{{ID: "a", Repeat: -1}})))
		write("a price out of range", "row 1, column input_per_m: expected 0 to 1e+06, found -1", Prices().Write(&out, f, WriteOptions{}, putAll([]Price{{Model: "m", InputPerM: -1}})))
		write("a vector without numbers", "row 1, column embedding: expected 1 to 65536 numbers, found 0", Vectors().Write(&out, f, WriteOptions{}, putAll([]Vector{{ID: "a"}})))
		many := make([]Score, 3000)
		for i := range many {
			many[i].ID = fmt.Sprint(i)
		}
		many[2500].ID = ""
		write("a row behind some batches", "row 2501, column id: is empty", Scores().Write(&out, f, WriteOptions{}, putAll(many)))
		broken := fmt.Errorf("no more rows")
		write("rows fail", broken.Error(), Scores().Write(&out, f, WriteOptions{}, func(func(Score) error) error { return broken }))
	}
}
