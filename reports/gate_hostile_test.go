package reports

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
)

// gateAttack is what a name may hold to become markup, a terminal's or a runner's
// command, or a second row.
const gateAttack = "::error::x ##[add-path]/tmp </td></table><script>alert(1)</script> | ![x](http://evil.example/x.png) <img src=x onerror=y> [l](javascript:z) " +
	"@everyone www.evil.example `a` ``` \n::set-output name=a::b\r\n# heading\n- item\n<!-- --> ]]> &amp; \x1b[31m \x00\u0085\u202e\ufffe $x$ \xff %0A,:"

// hostileVerdict has text from outside wherever a verdict can have it.
func hostileVerdict(t *testing.T) *gate.Verdict {
	t.Helper()
	// Prompts are named by what comes first, as names are cut.
	change := func(i int, p *datasets.Prediction) {
		p.ID = gateAttack[i%40*6:] + fmt.Sprint(i)
		p.Domain = gateAttack[i%5*30:]
	}
	rules := gate.Rules{Slices: []gate.Slice{{Kind: gate.Domain, Name: "*"}}, Certificates: true}
	side := func(n int) []made {
		var out []made
		for _, at := range []int{0, 11, 60, 130, 190, 230} {
			out = append(out, made{classifier: gateAttack[at:], prompts: 240, wrong: under(n), change: change})
		}
		return out
	}
	v := checkOf(t, side(20), side(60), rules,
		gate.Retest{Certificate: centroids.Certificate{Claim: gateAttack, Alpha: 0.1, Delta: 0.05}, N: 100, Errors: 40},
		gate.Retest{Certificate: centroids.Certificate{Claim: gateAttack, Alpha: 0.1, Delta: 0.05}, Untested: gateAttack})
	if v.Outcome != gate.Regressed {
		t.Fatal(v.Outcome, v.Why)
	}
	v.Warnings = append(v.Warnings, gateAttack)
	return v
}

// hostileFaults is one that nothing could be made of, for reasons from outside.
func hostileFaults() *gate.Verdict {
	return gate.Invalidated(gate.Fault{Why: gateAttack}, gate.Fault{Classifier: gateAttack, Why: gateAttack, IDs: []string{gateAttack, gateAttack[11:]}},
		gate.Fault{Classifier: strings.Repeat("\U000e0001", 100), Why: strings.Repeat("\U000e0001", 5000)})
}

func hostileOptions() GateOptions {
	return GateOptions{Baseline: gateAttack, Candidate: gateAttack[11:], Flips: 40, Texts: func(id string) (string, bool) { return id[len(id)%9:] + gateAttack, true }}
}

func TestGateHostileTerminal(t *testing.T) {
	for _, v := range []*gate.Verdict{hostileVerdict(t), hostileFaults()} {
		got := gateSays(t, GateText, v, hostileOptions())
		for _, r := range got {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("the terminal gets %U", r)
			}
		}
		if strings.Contains(got, "##[") {
			t.Error("the terminal gets a workflow command of the old form")
		}
		for _, line := range strings.Split(got, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("a line is a workflow command: %.80s", line)
			}
		}
	}
}

// Names are as they are where nobody can mistake them.
func TestGateTerminalNames(t *testing.T) {
	page := new(terminalPage)
	for name, want := range map[string]string{
		"gpt-4.1: größer 日本": "gpt-4.1: größer 日本", "": `""`, " a": `" a"`, "a\tb": `"a\tb"`, `a"b`: `"a\"b"`, "::error::x": `"::error::x"`, " ::error::x": `" ::error::x"`,
		"a::b": "a::b", "##[error]x": `"#\x23[error]x"`, "a\u00a0b": `"a\u00a0b"`, strings.Repeat("x", 61): strings.Repeat("x", 60) + "…",
	} {
		if got := page.name(name); got != want {
			t.Errorf("%q: %s, expected %s", name, got, want)
		}
	}
}

func TestGateHostileMarkdown(t *testing.T) {
	for _, v := range []*gate.Verdict{hostileVerdict(t), hostileFaults()} {
		got := gateSays(t, GateMarkdown, v, hostileOptions())
		prose := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(got, "") // code shows as it is
		for _, forbidden := range []string{"<script", "<img", "![", "](", "@everyone", "www.evil", "\x1b", "\u202e", "\n# heading", "\n- item", "http://", "</td"} {
			if i := strings.Index(prose, forbidden); i >= 0 {
				t.Errorf("the summary holds %q: …%q…", forbidden, prose[max(0, i-80):min(len(prose), i+80)])
			}
		}
		if strings.Count(got, "`")%2 != 0 {
			t.Error("a backtick is left over")
		}
		columns := 0
		for _, line := range strings.Split(got, "\n") {
			if !strings.HasPrefix(line, "| ") {
				columns = 0
				continue
			}
			if n := strings.Count(line, "|"); columns == 0 {
				columns = n
			} else if n != columns {
				t.Errorf("a row with %d bars in a table of %d: %s", n, columns, line)
			}
		}
		if open, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); open != closed {
			t.Errorf("%d details are opened, %d closed", open, closed)
		}
	}
}

// annotationOf reads a line as the runner does: up to the second "::" the command
// and its properties, then the message.
var annotationLine = regexp.MustCompile(`^::(error|warning|notice) title=([^:,\r\n]*)::(.*)$`)

func TestGateHostileAnnotations(t *testing.T) {
	for _, v := range []*gate.Verdict{hostileVerdict(t), hostileFaults()} {
		got := gateSays(t, GateAnnotations, v, hostileOptions())
		for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			m := annotationLine.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("no annotation: %q", line)
				continue
			}
			undo := strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",")
			if title := undo.Replace(m[2]); len([]rune(title)) > 255 || len([]rune(undo.Replace(m[3]))) > 4096 || strings.ContainsFunc(title, unicode.IsControl) {
				t.Errorf("the title is %q", title)
			}
		}
	}
}

// Whatever there is, a summary is at most as long as GitHub takes, says what it
// left out, and closes what it opens.
func TestGateMarkdownFits(t *testing.T) {
	longest := strings.Repeat("@", 5000)
	many := func(prompts, classifiers int, domain string) *gate.Verdict {
		side := func(n int) []made {
			var out []made
			for i := range classifiers {
				out = append(out, made{classifier: fmt.Sprintf("c%04d", i) + domain, prompts: prompts, wrong: under(n), change: func(i int, p *datasets.Prediction) {
					p.ID = fmt.Sprintf("%06d", i) + domain
					p.Domain = fmt.Sprint("d", i%(2+len(domain)/10)) + domain
				}})
			}
			return out
		}
		v := checkOf(t, side(0), side(prompts/2), gate.Rules{Slices: []gate.Slice{{Kind: gate.Domain, Name: "*"}}})
		for range 60 {
			v.Warnings = append(v.Warnings, longest)
			v.Certificates = append(v.Certificates, gate.CertificateTest{Claim: longest, Why: longest, Fate: gate.NotShown})
			v.Faults = append(v.Faults, gate.Fault{Why: longest, IDs: []string{longest, longest}})
		}
		return v
	}
	for name, c := range map[string]struct {
		v    *gate.Verdict
		says []string
	}{
		"flips":       {many(12_000, 1, ""), []string{"Cut to the 1 MiB that GitHub takes: shown are at most ", "All of it is in check.json", " more in check.json)"}},
		"classifiers": {many(40, 900, ""), []string{"at most 0 flips of each classifier and way, and ", " of 900 classifiers, the worst first"}},
		"names":       {many(4000, 2, longest), []string{"other gates, none of them worse: see check.json", "and 40 more: see check.json"}},
	} {
		got := gateSays(t, GateMarkdown, c.v, GateOptions{Flips: 1 << 30, Texts: func(string) (string, bool) { return longest, true }})
		if len(got) > 1<<20 {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		if len(got) < 1<<18 {
			t.Errorf("%s: only %d bytes, more was left out than had to be", name, len(got))
		}
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the summary does not say %q: %.1500s", name, want, got)
			}
		}
		if open, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); open != closed {
			t.Errorf("%s: %d details are opened, %d closed", name, open, closed)
		}
	}
}
