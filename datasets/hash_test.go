package datasets

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// hashed is what the golden hashes below are of.
func hashed() ([]Prompt, []Split) {
	text := "Grüße "
	for range 200 { // over 127 bytes: a length of two bytes
		text += "x"
	}
	return []Prompt{
		{ID: "a", Text: text, Tier: "SIMPLE", AltTier: "MEDIUM", Domain: "web", Language: "de", Group: "g1", Split: "train",
			TaskType: "general", Reference: "ref", Schema: `{"type":"object"}`, Source: "here", Licence: "MIT"},
		{ID: "b", Text: "two"},
	}, []Split{Train, Test}
}

func labelHash(prompts []Prompt) string {
	hash, err := setOf(prompts).LabelHash()
	if err != nil {
		panic(err)
	}
	return hash
}

func splitHash(prompts []Prompt, splits []Split) string {
	hash, err := setOf(prompts).SplitHash(splits)
	if err != nil {
		panic(err)
	}
	return hash
}

// TestHashesFromPython compares with an implementation of its own:
//
//	import hashlib
//	def varint(n): return bytes([n & 127 | 128]) + varint(n >> 7) if n >= 128 else bytes([n])
//	def sha(b): return hashlib.sha256(b)
//	def name(rows): return sha(b"".join(sorted(sha(b"".join(
//	    varint(len(f.encode())) + f.encode() for f in row)).digest() for row in rows))).hexdigest()
//	name([["a", "Grüße " + "x" * 200, "SIMPLE", "MEDIUM", "web", "de", "g1", "train", "general", "ref", '{"type":"object"}', "here", "MIT"],
//	      ["b", "two"] + [""] * 11])
//	name([["a", "SIMPLE"], ["b", ""]])
//	name([["a", "train"], ["b", "test"]])
//	name([])
func TestHashesFromPython(t *testing.T) {
	prompts, splits := hashed()
	for _, c := range []struct{ name, got, want string }{
		{"ContentHash", ContentHash(prompts), "772ea440a24e737ff21e107c37a604673e171f4bb08f07cb3f202380d709d26b"},
		{"LabelHash", labelHash(prompts), "6c426495352391e8c4ffdedc7f7effb8313d51c35fad5bfb437c6bbc47877078"},
		{"SplitHash", splitHash(prompts, splits), "4dabf766f5ae456a38a7a93891d86cd07c22acfdfe1aea1333ae185be7000cfe"},
		{"ContentHash of nothing", ContentHash(nil), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, expected %s", c.name, c.got, c.want)
		}
	}
}

func TestHashesIgnoreOrder(t *testing.T) {
	prompts := toyPrompts(100)
	splits := make([]Split, len(prompts))
	for i := range splits {
		splits[i] = Split(i % 4)
	}
	content, label, split := ContentHash(prompts), labelHash(prompts), splitHash(prompts, splits)
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		random.Shuffle(len(prompts), func(i, j int) {
			prompts[i], prompts[j] = prompts[j], prompts[i]
			splits[i], splits[j] = splits[j], splits[i]
		})
		if ContentHash(prompts) != content || labelHash(prompts) != label || splitHash(prompts, splits) != split {
			t.Fatal("a hash depends on the order of rows")
		}
	}
	other := slices.IndexFunc(splits, func(s Split) bool { return s != splits[0] })
	splits[0], splits[other] = splits[other], splits[0]
	if splitHash(prompts, splits) == split {
		t.Error("SplitHash does not see that two rows changed splits")
	}
}

// TestHashesSeeFields changes every field of a prompt, one at a time.
func TestHashesSeeFields(t *testing.T) {
	prompts, splits := hashed()
	content, label, split := ContentHash(prompts), labelHash(prompts), splitHash(prompts, splits)
	fields := reflect.TypeFor[Prompt]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		for row := range prompts {
			changed := slices.Clone(prompts)
			field := reflect.ValueOf(&changed[row]).Elem().Field(i)
			field.SetString(field.String() + "!")
			if ContentHash(changed) == content {
				t.Errorf("ContentHash does not see %s of row %d", name, row)
			}
			if seen := labelHash(changed) != label; seen != (name == "ID" || name == "Tier") {
				t.Errorf("LabelHash sees %s: %t", name, seen)
			}
			if seen := splitHash(changed, splits) != split; seen != (name == "ID") {
				t.Errorf("SplitHash sees %s: %t", name, seen)
			}
		}
	}
	for i := range splits {
		for s := range numSplits {
			changed := slices.Clone(splits)
			changed[i] = s
			if seen := splitHash(prompts, changed) != split; seen != (s != splits[i]) {
				t.Errorf("SplitHash sees %s for row %d: %t", s, i, seen)
			}
		}
	}
}

// TestHashesKeepFieldsApart holds that text cannot move between fields or rows.
func TestHashesKeepFieldsApart(t *testing.T) {
	seen := map[string]int{}
	for i, prompts := range [][]Prompt{
		nil,
		{{}},
		{{}, {}},
		{{ID: "ab", Text: "c"}},
		{{ID: "a", Text: "bc"}},
		{{ID: "abc"}},
		{{Text: "abc"}},
		{{ID: "ab"}, {Text: "c"}},
		{{ID: "a", Tier: "b"}},
		{{ID: "a", AltTier: "b"}},
		{{ID: "a\x00b"}},
		{{ID: "a", Text: "\x00b"}},
		{{ID: "a", Text: "\x01b"}},
		{{ID: "a\x01b"}},
		{{ID: "a"}, {ID: "a"}},
		{{ID: "a"}},
	} {
		h := ContentHash(prompts)
		if before, twice := seen[h]; twice {
			t.Errorf("sets %d and %d have one hash", before, i)
		}
		seen[h] = i
	}
	if labelHash([]Prompt{{ID: "ab", Tier: "c"}}) == labelHash([]Prompt{{ID: "a", Tier: "bc"}}) {
		t.Error("LabelHash takes ab|c for a|bc")
	}
}
