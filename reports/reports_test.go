package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/builtin"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// input is an input whose prompts a test may change.
type input struct {
	pipeline.Input
	Prompts []datasets.Prompt
}

func builtinRun(t *testing.T, change func(*pipeline.Config, *input)) *pipeline.Run {
	t.Helper()
	prompts, err := builtin.Prompts(nil)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := builtin.Answers()
	if err != nil {
		t.Fatal(err)
	}
	config := pipeline.DefaultConfig()
	in := input{pipeline.Input{Name: "set", Answers: answers.Answers, AnswersName: "answers"}, prompts.Prompts}
	if change != nil {
		change(&config, &in)
	}
	if in.Input.Prompts, err = datasets.PromptSetOf(in.Prompts); err != nil {
		t.Fatal(err)
	}
	run, err := pipeline.Execute(context.Background(), config, in.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func markdown(t *testing.T, run *pipeline.Run) string {
	t.Helper()
	report, err := Markdown(run)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Prompts, ids and domains come from strangers: none of them becomes markup.
func TestHostileTextsStayText(t *testing.T) {
	const attack = "</td></table><script>alert(1)</script> | ![x](http://evil.example/x.png) <img src=x onerror=y> [l](javascript:z) " +
		"@everyone www.evil.example `a` ``` \n# heading\n- item\n<!-- --> &amp; \x1b[31m \u202e $x$"
	run := builtinRun(t, func(_ *pipeline.Config, in *input) {
		in.Name = attack
		answers := map[string]datasets.Answer{}
		for i := range in.Prompts {
			p := &in.Prompts[i]
			a := in.Answers[p.ID]
			p.ID += attack
			p.Text = attack + p.Text
			p.Domain = attack
			answers[p.ID] = a
		}
		in.Answers = answers
		in.Warnings = []string{attack}
	})
	report := markdown(t, run)
	prose := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(report, "") // code shows as it is
	for _, forbidden := range []string{"<script", "<img", "](http", "](javascript", "@everyone", "www.evil", "\x1b", "\u202e", "\n# heading", "http://"} {
		if strings.Contains(prose, forbidden) {
			i := strings.Index(prose, forbidden)
			t.Errorf("the report holds %q: …%q…", forbidden, prose[max(0, i-80):min(len(prose), i+80)])
		}
	}
	columns := 0
	for _, line := range strings.Split(report, "\n") {
		if !strings.HasPrefix(line, "| ") {
			columns = 0
			continue
		}
		if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("a table row with %d bars in a table of %d: %s", n, columns, line)
		}
	}
	for _, p := range drawPlots(run) {
		if bytes.Contains(p.svg, []byte("<script")) {
			t.Errorf("%s holds a script", p.file)
		}
	}
}

func TestFolderIsReadable(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "out")
	run := builtinRun(t, nil)
	if err := Write(folder, run, Environment{Started: time.Unix(0, 0), Version: "v"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ResultFile, RunFile} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		var document struct{ Schema string }
		if err := json.Unmarshal(b, &document); err != nil || !strings.HasPrefix(document.Schema, "routeproof.") {
			t.Errorf("%s: schema %q, %v", name, document.Schema, err)
		}
	}
	// Every picture that the report shows is there.
	report, err := os.ReadFile(filepath.Join(folder, ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	pictures := regexp.MustCompile(`!\[[^]]*\]\(([^)]*)\)`).FindAllSubmatch(report, -1)
	if len(pictures) != 6 {
		t.Errorf("%d pictures, expected 6", len(pictures))
	}
	for _, p := range pictures {
		if _, err := os.Stat(filepath.Join(folder, string(p[1]))); err != nil {
			t.Error(err)
		}
	}
}

// predictionRow is what others read of predictions.parquet.
type predictionRow struct {
	ID         string    `parquet:"id"`
	Classifier string    `parquet:"classifier"`
	Tier       string    `parquet:"tier"`
	Predicted  string    `parquet:"predicted"`
	Split      *string   `parquet:"split,optional"`
	Fold       *int64    `parquet:"fold,optional"`
	Scores     []float64 `parquet:"scores,optional,list"`
	CostUSD    *float64  `parquet:"cost_usd,optional"`
}

func TestPredictionsRoundTrip(t *testing.T) {
	run := builtinRun(t, nil)
	var b bytes.Buffer
	if err := writePredictions(&b, run); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[predictionRow](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * len(run.Items) * len(run.Predictions); len(rows) != want {
		t.Fatalf("%d rows, expected %d", len(rows), want)
	}
	type key struct {
		id, classifier string
		outOfFold      bool
	}
	got := map[key]predictionRow{}
	for _, r := range rows {
		k := key{r.ID, r.Classifier, r.Fold != nil}
		if _, twice := got[k]; twice {
			t.Errorf("%+v stands twice", k)
		}
		got[k] = r
	}
	for _, p := range run.Predictions {
		for i, d := range p.Final.All() {
			it := run.Items[i]
			r := got[key{it.ID, p.Classifier, false}]
			if r.Tier != run.Tiers.Name(it.Tier) || r.Predicted != run.Tiers.Name(d.Tier) || *r.Split != it.Split.String() {
				t.Errorf("%s, %s: %+v", it.ID, p.Classifier, r)
			}
			if diff := cmp.Diff(d.Scores, r.Scores); diff != "" && len(d.Scores)+len(r.Scores) > 0 {
				t.Errorf("%s, %s: scores %s", it.ID, p.Classifier, diff)
			}
			if (r.CostUSD != nil) != d.CostUSD.Known() || r.CostUSD != nil && *r.CostUSD != d.CostUSD.Value {
				t.Errorf("%s, %s: cost %v, expected %v", it.ID, p.Classifier, r.CostUSD, d.CostUSD)
			}
			if o := got[key{it.ID, p.Classifier, true}]; *o.Fold != int64(it.Fold) || o.Predicted != run.Tiers.Name(p.OutOfFold.At(i).Tier) {
				t.Errorf("%s, %s: out of fold %+v", it.ID, p.Classifier, o)
			}
		}
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if by := f.Metadata().CreatedBy; !strings.HasPrefix(by, "routeproof version 1") {
		t.Errorf("created by %q: a library's version would change the bytes", by)
	}
}

func TestClassifiersRoundTrip(t *testing.T) {
	run := builtinRun(t, nil)
	var b bytes.Buffer
	if err := writeClassifiers(&b, run); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[classifierRow](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(run.Result.Classifiers)+len(run.Result.Baselines) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, s := range run.Result.Classifiers {
		r := rows[i]
		if r.Name != s.Name || r.Baseline || *r.Rank != int32(i+1) || *r.Accuracy != float64(s.Accuracy.Value) || *r.Headline != float64(s.Cost.Headline.Value) {
			t.Errorf("row %d: %+v, expected %s", i+1, r, s.Name)
		}
	}
}

func TestResultHasNoNaN(t *testing.T) {
	// Without prices and with a tier that has no test prompt much is undefined.
	run := builtinRun(t, func(c *pipeline.Config, _ *input) {
		c.Tiers[0].InputPerM, c.Tiers[0].OutputPerM = nil, nil
	})
	var b bytes.Buffer
	if err := WriteResult(&b, run); err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(b.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	report := markdown(t, run)
	for _, bad := range []string{"NaN", "Inf", "%!"} {
		if strings.Contains(report, bad) {
			t.Errorf("the report holds %q", bad)
		}
	}
	if regexp.MustCompile(`(^|[^\\])\$`).MatchString(report) { // one out of a prompt is escaped
		t.Error("the report speaks of dollars though a price is unknown")
	}
}

func TestBreakEven(t *testing.T) {
	report := markdown(t, builtinRun(t, func(c *pipeline.Config, _ *input) { c.FixedCost = 50 }))
	m := regexp.MustCompile(`fixed cost of \$50\.00 a day is earned from \*\*([0-9,]+) requests a day\*\* against .always FRONTIER., and (.*) against .always SIMPLE.`).FindStringSubmatch(report)
	if m == nil {
		t.Fatal("the report does not say from what volume the saving pays")
	}
	run := builtinRun(t, nil)
	best, dearest, cheapest := run.Result.Classifiers[0], run.Result.Baselines[3], run.Result.Baselines[0]
	saving := float64(dearest.Cost.Headline.Value-best.Cost.Headline.Value) / 1000
	if want := wording.Thousands(int(math.Floor(50/saving)) + 1); m[1] != want {
		t.Errorf("against %s it pays from %s requests on, expected %s", dearest.Name, m[1], want)
	}
	if cheapest.Cost.Headline.Value > best.Cost.Headline.Value || m[2] != "never" {
		t.Errorf("against %s, which costs %g to the best's %g, it pays %s", cheapest.Name, float64(cheapest.Cost.Headline.Value), float64(best.Cost.Headline.Value), m[2])
	}
}

func TestCells(t *testing.T) {
	for v, want := range map[float64]string{
		0: "$0.00", 0.000012345: "$1.23e-05", 0.0123: "$0.0123", 1.005: "$1.00", 12.345: "$12.35", 123.456: "$123.5", 12345.6: "$12346", -0.5: "−$0.5000",
	} {
		if got := usd(v); got != want {
			t.Errorf("usd(%g) = %s, expected %s", v, got, want)
		}
	}
	for p, want := range map[float64]string{0: "<0.001", 0.0009: "<0.001", 0.001: "0.001", 0.0499: "0.050", 1: "1.000"} {
		if got := pValue(p); got != want {
			t.Errorf("pValue(%g) = %s, expected %s", p, got, want)
		}
	}
	nan := eval.Number(math.NaN())
	for _, c := range []struct {
		e    eval.Estimate
		want string
	}{
		{eval.Estimate{Value: 0.5, Low: 0.25, High: 0.75}, "50.0 % [25.0, 75.0]"},
		{eval.Estimate{Value: 0.5, Low: nan, High: nan}, "50.0 %"},
		{eval.Estimate{Value: nan, Low: nan, High: nan}, "—"},
	} {
		if got := shareCell(c.e); got != c.want {
			t.Errorf("%+v: %s, expected %s", c.e, got, c.want)
		}
	}
	for _, c := range []struct {
		q    eval.Quantity
		want string
	}{{eval.Quantity{}, "unknown"}, {eval.Quantity{Value: 2, Origin: eval.Recorded}, "$2.00 <sup>r</sup>"}, {eval.Quantity{Value: 2, Origin: eval.Assumed}, "$2.00 <sup>a</sup>"}} {
		if got := quantityCell(c.q, usd); got != c.want {
			t.Errorf("%+v: %s, expected %s", c.q, got, c.want)
		}
	}
}

// numpy 1.24.2: numpy.quantile([1,2,4,8], q)
func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.05: 1.15, 0.25: 1.75, 0.5: 3, 0.75: 5, 0.95: 7.4, 1: 8} {
		if got := quantile([]float64{1, 2, 4, 8}, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %g = %g, expected %g", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("quantile of nothing = %g", got)
	}
}

func TestSummaryHasEveryone(t *testing.T) {
	run := builtinRun(t, nil)
	var b bytes.Buffer
	if err := Summary(&b, run); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(run.Result.Classifiers, run.Result.Baselines...) {
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^%s +`, regexp.QuoteMeta(s.Name))).MatchString(b.String()) {
			t.Errorf("the summary lacks %s:\n%s", s.Name, b.String())
		}
	}
}

func TestThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{-0.0004: "0.000", -0.0006: "−0.001", 0.12345: "0.123"} {
		if got := threeDigits(v); got != want {
			t.Errorf("%g: %q, expected %q", v, got, want)
		}
	}
}
