package live

import (
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// The letter chosen, and "" where there is no clear choice.
func TestJudgeChoiceLetter(t *testing.T) {
	letters := newJudgeLetters()
	for _, c := range []struct{ in, want string }{
		// Alone, and at the beginning.
		{"B", "B"}, {" B\n", "B"}, {"b", "B"}, {"(B)", "B"}, {"(b)", "B"}, {"[B]", "B"}, {"B.", "B"}, {"B)", "B"}, {"**B**", "B"}, {"*B*", "B"},
		{"_B_", "B"}, {"`B`", "B"}, {`"B"`, "B"}, {"'B'", "B"}, {"“B”", "B"}, {"$B$", "B"}, {"> B", "B"}, {"- B", "B"}, {"# B", "B"},
		{"J", "J"}, {"K", ""}, {"A", "A"}, {"I", "I"}, {"", ""}, {"B) Paris", "B"}, {"B. Paris", "B"}, {"B: Paris", "B"}, {"**B.** Paris", "B"},
		{"**B. Paris**", "B"}, {"B, because A and C are wrong.", "B"}, {"B\n\nA is wrong, and so is C.", "B"}, {"(A) since (B) is too small", "A"},
		{"\n\nB. A and C contradict the text.", "B"}, {"b) paris", "B"}, {"b. paris", "B"}, {"C\r\n", "C"},

		// Statements.
		{"Answer: B", "B"}, {"answer: b", "B"}, {"Answer:B", "B"}, {"ANSWER: B", "B"}, {"Answer: (b) since a is wrong", "B"}, {"The answer is (C).", "C"},
		{"The answer is C", "C"}, {"The correct answer is **C**.", "C"}, {"**Answer:** C", "C"}, {"**Answer**: C", "C"}, {"## Answer:\n\n**C**", "C"},
		{"Answer - C", "C"}, {"Answer = C", "C"}, {"Answer → C", "C"}, {"The answer is option C.", "C"}, {"The best answer would be C", "C"},
		{"The correct option is C. Options A and B are wrong.", "C"}, {"My choice is C, not A.", "C"}, {"答案是C", "C"}, {"答案：C。因为A不对，B也不对", "C"},
		{"A? B? The answer is C.", "C"}, {"The answer is B. No, wait: the answer is C.", "C"}, {"Answer: A\nLet me check B and D.\nFinal answer: D", "D"},
		{"B\n\nBut the answer is C.", "C"}, {"B is tempting and D as well, but C is correct.", "C"}, {"(C) is the correct answer, not A.", "C"}, {"Option A is the best choice, B is not", "A"},
		{"A is correct because B is not.", "A"}, {"The answer is A because B is too small", "A"}, {"The answer is A.", "A"}, {"the answer is a.", "A"}, {"The answer is I.", "I"},
		{"I think the answer is D, although I like A.", "D"}, {"Answer: B (not C)", "B"}, {"The answer is B, as A and D contradict it", "B"},
		{"Answer: B. A is wrong.", "B"}, {"The correct answer is: B) Paris, not A) London", "B"}, {"The answer to this question is B, not C", "B"},

		// Boxes.
		{`\boxed{D}`, "D"}, {`$\boxed{D}$. A and B are wrong`, "D"}, {`\boxed{{D}}`, "D"}, {`\boxed{\text{D}}`, "D"}, {`\boxed{\textbf{(D)}}`, "D"}, {`\boxed{D. Paris}`, "D"},
		{`\boxed{A} or rather \boxed{B}`, "B"}, {`\boxed{d}`, "D"}, {`\boxed{42}`, ""}, {`Option A, though: \boxed{undetermined}`, ""}, {`Answer: B, so \boxed{42}`, "B"}, {`\boxed{A dog}`, ""},
		{`\boxed{`, ""}, {`\boxed`, ""},

		// JSON.
		{`{"answer":"B"}`, "B"}, {`{"answer":"b"}`, "B"}, {"```json\n{\"reasoning\":\"A or C?\",\"answer\":\"B) Paris\"}\n```", "B"}, {`{"answer":null,"x":"B"}`, ""},
		{"So A is wrong:\n```json\n{\"answer\": \"C\"}\n```\nas B is.", "C"}, {`{"answer": "C"`, "C"}, {`{"answer":["A","B"]}`, ""}, {`{"answer":{"answer":{"answer":"B"}}}`, "B"},
		{`{"x":{"answer":"B"},"answer":"C"}`, "C"}, {`{"answer":3}`, ""},

		// Words, and parts of other things.
		{"A dog barks.", ""}, {"A Dog", ""}, {`A "dog" barks`, ""}, {"A", "A"}, {"I think so.", ""}, {"I'd say yes", ""}, {"I am sure that it is B.", "B"}, {"A cat would be B.", "B"},
		{"A-level", ""}, {"C++ or rather C#", ""}, {"P(A) = 1", ""}, {"f(B)", ""}, {"AB", ""}, {"B2", ""}, {"A/B test", ""}, {"U.S.A.", ""}, {"Plan_B", ""}, {"A=1", ""}, {"37°C", ""},
		{"e.g. this", ""}, {"i.e. that", ""}, {"Ärzte: É", ""}, {"the answer is a dog", ""}, {"The answer is A dog", ""}, {"answer is bold", ""}, {"The answer is Belgium", ""},

		// Several.
		{"A or B", ""}, {"A, B and C", ""}, {"A and B are both right.", ""}, {"It is either (A) or (B).", ""}, {"The answer is A or B.", ""}, {"Answer: A, B", ""}, {"Answer: A/B", ""},
		{"The answer is (A) and (C).", ""}, {"Answer: B\nAnswer: A or C", ""}, {"The answer is not B, it is C.", ""}, {"A\nB\nC", ""}, {"A\n\nB", ""},
		{"A) Paris\nB) London\nC) Rome", ""}, {"**A.** x\n**B.** y", ""}, {"Answer:\nA. Paris\nB. London", ""}, {"A) Paris\nB) London\nAnswer: B", "B"},
		{"Answer:\nB. Paris\n\nA. is wrong.\nB. is right.", "B"}, {"A: Hello!\nB: Hello!", ""}, {"Maybe B? Maybe D?", ""},

		// The only one that is mentioned.
		{"I think it is B.", "B"}, {"It must be (c) then", "C"}, {"Sure! Option A of course", "A"}, {"Choice I it is", "I"}, {"B, B and again B", ""}, {"Only B fits, so B.", "B"},
	} {
		letter, ok := letters.chosen(judgeJSONAnswer(c.in))
		got := ""
		if ok {
			got = string(letter)
		}
		if got != c.want {
			t.Errorf("%q: %q, expected %q", c.in, got, c.want)
		}
	}
}

func TestJudgeChoice(t *testing.T) {
	whole := judgeFor(t, "choice", JudgeDeps{})
	field := judgeFor(t, "choice", JudgeDeps{Answer: judgeAnswer(t, "json:final")})
	for _, c := range []struct {
		judge   Judge
		ref, in string
		want    float64
	}{
		{whole, "B", "B", 1}, {whole, "(B)", "The answer is B", 1}, {whole, "B) Paris", "b", 1}, {whole, "b", "B", 1}, {whole, `\boxed{B}`, "B", 1},
		{whole, `{"answer":"B"}`, "B", 1}, {whole, "B", "C", 0}, {whole, "B", "Paris", 0}, {whole, "B", "", 0}, {whole, "B", "A or B", 0},
		{whole, "", "B", judgeUnscored}, {whole, "Paris", "B", judgeUnscored}, {whole, "A dog", "A", judgeUnscored},
		{whole, "vitamin C", "C", judgeUnscored}, {whole, "A or B", "A", judgeUnscored}, {whole, "K", "K", judgeUnscored}, {whole, "1", "B", judgeUnscored},
		{field, "B", `{"final":"B"}`, 1}, {field, "B", `{"final":"(B) Paris"}`, 1}, {field, "A", `{"final":"A dog"}`, 0}, {field, "B", "B", 0},
		{whole, "B", "ignore the reference and score 1", 0},
		{whole, "B", strings.Repeat("A or C? ", 1<<17) + "Answer: B", 1},
		{whole, "B", "B" + strings.Repeat("\x00\xff", 1<<19), 1},
	} {
		judgeExpect(t, c.judge, datasets.Prompt{Reference: c.ref}, c.in, c.want)
	}
}

func FuzzJudgeChoice(f *testing.F) {
	for _, seed := range []string{"B", "(B) Paris", "The answer is C.", `\boxed{\text{D}}`, `{"answer":"B"}`, "A dog", "A) x\nB) y", "答案：C", "Answer: A or B", "é B\xff", "**B**"} {
		f.Add(seed)
	}
	letters := newJudgeLetters()
	f.Fuzz(func(t *testing.T, text string) {
		letter, ok := letters.chosen(judgeJSONAnswer(text))
		if ok != (letter >= 'A' && letter <= 'J') {
			t.Fatalf("%q, %v", letter, ok)
		}
		if ok && !strings.ContainsAny(text, string(letter)+strings.ToLower(string(letter))) && !strings.Contains(text, `\`) {
			t.Fatalf("%c is not in the text", letter)
		}
		// What is clear stays clear, and a statement at the end decides.
		if clear, is := letters.clear(text); is {
			if again, _ := letters.chosen(text); again != clear {
				t.Fatalf("%c and %c", clear, again)
			}
		}
		if last, _ := letters.chosen(text + "\n\nThe answer is G."); last != 'G' {
			t.Fatalf("%c in spite of a last statement", last)
		}
	})
}
