package password

import (
	"runtime"
	"strings"
	"testing"
)

// costlyPasswords make the search for repetitions, runs, words and keys as long
// as it gets, each at the longest length that is checked.
var costlyPasswords = map[string]string{
	"one character":          strings.Repeat("a", MaxLength),
	"one wide character":     strings.Repeat("字", MaxLength),
	"two characters in turn": strings.Repeat("ab", MaxLength/2),
	"keys in a row":          strings.Repeat("1qaz2wsx3edc4rfv5tgb6yhn7ujm", 10)[:MaxLength],
	"digits in a row":        strings.Repeat("1234567890", 26)[:MaxLength],
	"common words":           strings.Repeat("password1234567890", 15)[:MaxLength],
	"an unrelated phrase":    strings.Repeat("seven purple lanterns hum ", 10)[:MaxLength],
}

func BenchmarkRules_Check(b *testing.B) {
	rules := NewRules(15, "Boathouse")
	for name, password := range costlyPasswords {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.Check(password, "Ada Lovelace", "ada@example.com")
			}
		})
	}
}

// ASVS 15.2.2: a form must not choose how much work it causes. The bound is on
// steps, which do not depend on the machine: with one more loop, 256 equal
// characters took 2.8 million.
func TestRules_BoundTheirWork(t *testing.T) {
	about := contextWords(strings.Repeat("abc def ", 12))
	for name, costly := range costlyPasswords {
		for length := 1; length <= MaxLength; length++ {
			password := string([]rune(fold(costly))[:length])
			// Each pair of characters is compared once, and each place begins at most
			// three kinds of pieces that reach up to the end.
			bound := 2*length*length + length*(len(about)+100)
			if _, steps := takeApart(password, about); steps > bound {
				t.Fatalf("%s, %d characters: got %d steps, want at most %d", name, length, steps, bound)
			}
		}
	}
}

// The list is searched at each character, so its longest part counts as well.
func TestCommonPasswords_HaveNoLongPartWithOneStart(t *testing.T) {
	starts := map[string]int{}
	for word := range strings.Lines(commonPasswords) {
		starts[word[:leastCommon]]++
		if got := starts[word[:leastCommon]]; got > 200 {
			t.Fatalf("%d words or more start with %q, want at most 200", got, word[:leastCommon])
		}
	}
}

func TestRules_RefuseMegabytesUnread(t *testing.T) {
	rules, password := NewRules(15, "Boathouse"), strings.Repeat("e\u0301", 1<<19)
	if got := rules.Check(password); !strings.Contains(got, "at most 256") {
		t.Errorf("got %q, want a refusal for its length", got)
	}
	if got := allocated(func() { rules.Check(password) }); got > 1<<10 {
		t.Errorf("got %d bytes allocated, want less than 1 kB", got)
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
