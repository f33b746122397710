package password

import (
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"
)

// ASVS 5.0 V6.2.1, NIST SP 800-63B-4 3.1.1.2.
func TestRules_CountCharactersNotBytes(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	refused(t, rules, "", "xkmqvw tzrplbd", "дом и зонт рай", "🂡🃞🀄🎲🃏🂱🂾🃁🃎🃑🃝🂢🂣🂤")
	accepted(t, rules, "xkmqvw tzrplbdh", "дом и зонт, рай", "🂡🃞🀄🎲🃏🂱🂾🃁🃎🃑🃝🂢🂷🂩🃅")
	// 14 characters once composed, however many code points were sent
	refused(t, rules, "e\u0301xkmqvw tzrplb")
	accepted(t, NewRules(8, "Boathouse"), "xkmqvwtz")
	refused(t, NewRules(8, "Boathouse"), "xkmqvwt")
	refused(t, NewRules(1, "Boathouse"), "xkmqvwt") // 8 is the floor
}

// ASVS 5.0 V6.2.9.
func TestRules_TakeLongPasswordsWholeAndRefuseTooLongOnes(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	accepted(t, rules, unlike(64), unlike(256))
	refused(t, rules, unlike(257), strings.Repeat("🂡🃞", 129), unlike(1<<20))
	var wide strings.Builder
	for i := range rune(256) {
		wide.WriteRune(0x1F000 + i*7%251)
	}
	if wide.Len() != 1024 {
		t.Fatalf("%d bytes", wide.Len())
	}
	accepted(t, rules, wide.String())
}

// ASVS 5.0 V6.2.5.
func TestRules_AskNothingOfTheCharacters(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	accepted(t, rules,
		"tulip orbit canyon", "  tulip orbit canyon  ", "TULIP ORBIT CANYON", "83740 92651 172", "~`!$%^*(){}[]|:;'<>,.?/\"\\",
		"tulpe über den fluß", "チューリップと軌道と峡谷の詩集", "زنبق ومدار ووادي ضيق", "tulip\torbit\tcanyon", "🌷 orbit 🏜 canyon!",
	)
	refused(t, rules, "tulip orbit \xff canyon") // not UTF-8: two encodings of one password would be two passwords
}

// ASVS 5.0 V6.2.4.
func TestRules_RefuseCommonPasswordsInAnyCase(t *testing.T) {
	list := strings.Fields(commonPasswords)
	if len(list) != 42692 || !sort.StringsAreSorted(list) {
		t.Fatalf("%d lines, sorted: %v", len(list), sort.StringsAreSorted(list))
	}
	shortest, long := NewRules(8, "Boathouse"), NewRules(15, "Boathouse")
	var fit8, fit15 int
	for _, word := range list {
		if !isCommon(word) || len(word) < leastCommon || strings.ContainsFunc(word, func(r rune) bool { return r >= 0x80 }) {
			t.Fatalf("%q is on the list and not found", word)
		}
		for _, spelling := range []string{word, strings.ToUpper(word)} {
			if shortest.Check(spelling) == "" || long.Check(spelling) == "" {
				t.Fatalf("%q was accepted", spelling)
			}
		}
		if len(word) >= 8 {
			fit8++
		}
		if len(word) >= 15 {
			fit15++
		}
	}
	if fit8 < 10000 || fit15 == 0 {
		t.Errorf("%d have 8 characters, %d have 15", fit8, fit15)
	}
	for _, word := range []string{"", "a", "!", "\n", "zzzzzzz1\n", "passwordx", "xkmqvwtzr", "~~~~~~~", strings.Repeat("z", 20), "password\npassword"} {
		if isCommon(word) {
			t.Errorf("%q is not on the list and was found", word)
		}
	}
}

// Git for Windows ends the lines of text files in \r\n.
func TestCommonPasswords_AreFoundWhateverEndsTheLines(t *testing.T) {
	windows := strings.ReplaceAll(strings.ReplaceAll(commonPasswords, "\r\n", "\n"), "\n", "\r\n")
	for word := range strings.Lines(commonPasswords) {
		word = strings.TrimSpace(word)
		if got, want := wordsAtStart(windows, word), commonAtStart(word); !slices.Equal(got, want) || !slices.Contains(got, word) {
			t.Fatalf("%s starts with %q, want %q", word, got, want)
		}
	}
}

// ASVS 5.0 V6.2.4.
func TestRules_RefuseStretchedCommonPasswords(t *testing.T) {
	refused(t, NewRules(15, "Boathouse"),
		"passwordpassword", "PasswordPassword", "password password", "passwordpasswor", "password1password1", "password1234567", "passwordpassword1!", "Password12345!!",
		"sunshinebaseball", "iloveyouforever", "liverpoolfootball", "qwertyuiop12345", "football2012!!!", "1qaz2wsx3edc4rfv", "zaq12wsxzaq12wsx",
		"aaaaaaaaaaaaaaa", "AaAaAaAaAaAaAaA", "abcabcabcabcabc", "abcdabcdabcdabcd", "xK9$xK9$xK9$xK9$", "a b a b a b a b", "               ", "...............",
		"123456789012345", "987654321098765", "1234567890123456789", "111222333444555", "112233445566778", "135791357913579", "000000000000000", "12345678910111213",
		"abcdefghijklmno", "zyxwvutsrqponml", "qwertyuiopasdfg", "qwertzuiopasdfgh", "azertyuiopqsdfg", "1q2w3e4r5t6y7u8i", "qwerty123456789", "asdfghjkl;'asdfghjkl", "!@#$%^&*()!@#$%^",
		"абвгдежзийклмно", "йцукенгшщзфывап", "ъхзщшгнекуцйэждлорп", "ёёёёёёёёёёёёёёё", "19841984198419841984",
	)
}

func TestRules_AcceptAnyThreeWords(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	accepted(t, rules, "monkey sunshine dragon", "correct horse battery staple", "blue river morning", "footballdragonmaster", "password is not my password, 7",
		"1984 was a good book", "qwerty has no z in it", "ich liebe meine katze", "Tr0ub4dor&3 and more")
	accepted(t, NewRules(20, "Boathouse"), "footballdragonmaster") // asking for length asks for no more than that
}

// ASVS 5.0 V6.2.11.
func TestRules_RefuseTheNamesOfTheUserAndTheSite(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	for _, password := range []string{
		"ada@example.com", "ADA@EXAMPLE.COM1", "adalovelace2026", "Ada Lovelace 1815", "lovelace lovelace", "lovelaceada1815!", "example.com2026!", "boathouseboathouse",
		"boathouse-ada-26", "Boathouse123456", "my boathouse pw", "adaadaadaadaada", "ada.lovelace@boathouse",
	} {
		if problem := rules.Check(password, "Ada Lovelace", "ada@example.com"); problem == "" {
			t.Errorf("%q was accepted", password)
		}
	}
	// The address of another kind of person: its parts count as well.
	if rules.Check("grace.hopper1906", "G", "grace.hopper+navy@example.com") == "" {
		t.Error("the parts of the address were accepted")
	}
	if rules.Check("J\u00f6rgM\u00fcllerWeg", "J\u00f6rg M\u00fcller-Weg", "jm@example.com") == "" || rules.Check("MU\u0308LLERMU\u0308LLERXYZ", "J\u00f6rg M\u00fcller", "") == "" {
		t.Error("a name with umlauts was accepted")
	}
}

// ASVS 5.0 V6.2.11.
func TestRules_LookForNamesWholeJoinedAndInParts(t *testing.T) {
	for of, words := range map[string][]string{
		"Li Na Wu":             {"li na wu", "linawu"},
		" Ada  K. LOVELACE ":   {"ada", "ada  k. lovelace", "adaklovelace", "lovelace"},
		"a.king@mail.example":  {"a.king", "a.king@mail.example", "akingmailexample", "example", "king", "mail", "mail.example"},
		"MU\u0308LLER":         {"m\u00fcller"},
		"":                     nil,
		strings.Repeat("€", 9): {strings.Repeat("€", 9)},
	} {
		if got := contextWords(of); !slices.Equal(got, words) {
			t.Errorf("%q has the words %q", of, got)
		}
	}
	if got := contextWords(strings.Repeat("x", 1<<20)); len(got) != 1 || len(got[0]) > 1024 {
		t.Error("a name of a megabyte is looked for whole")
	}
}

func TestRules_AcceptAPassphraseThatContainsAName(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	for _, password := range []string{
		"ada likes canada and nevada", "tulip ada orbit canyon", "the boathouse by the river", "lovelace wrote note G", "an example of tulips", "salamander, adapter, nevada",
	} {
		if problem := rules.Check(password, "Ada Lovelace", "ada@example.com"); problem != "" {
			t.Errorf("%q: %s", password, problem)
		}
	}
	// Short and empty names are in every password.
	for _, name := range []string{"", " ", "O", "Li", "A B C D E", "...", "\xff", strings.Repeat("a ", 1<<20)} {
		if problem := rules.Check("tulip orbit canyon", name, ""); problem != "" {
			t.Errorf("named %.20q: %s", name, problem)
		}
	}
}

// NIST SP 800-63B-4 3.1.1.2.
func TestRules_GiveTheReasonOfARefusal(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	for password, reason := range map[string]string{
		"":                     "at least 15 characters",
		"too short":            "has 9 of at least 15",
		unlike(257):            "at most 256",
		"\xff":                 "can’t be read",
		"passwordpassword":     "one of the most common",
		"sunshinebaseball":     "common words",
		"ada.lovelace@pc":      "your name, your email address or the name of this site",
		"xy-xy-xy-xy-xy-xy-xy": "repetitions",
		"the boathouse!!":      "the name of this site",
	} {
		if problem := rules.Check(password, "Ada Lovelace", "ada@example.com"); !strings.Contains(problem, reason) {
			t.Errorf("%q is refused with %q, which does not say %q", password, problem, reason)
		}
	}
}

// The most common long passwords are two common ones, or one and what people
// add to it.
// ASVS 5.0 V6.2.4.
func TestRules_RefuseThreeThousandPasswordsOfTheAllowedLength(t *testing.T) {
	rules := NewRules(15, "Boathouse")
	list := strings.Fields(commonPasswords)
	var refusals int
	for i := 0; i < len(list); i += 29 {
		for _, password := range []string{list[i] + list[i], list[i] + list[(i*7+11)%len(list)], list[i] + "123456789", list[i] + "2024!!!!!"} {
			if utf8.RuneCountInString(password) < 15 {
				continue
			}
			if rules.Check(password) == "" {
				t.Errorf("%q was accepted", password)
			}
			refusals++
		}
	}
	if refusals < 3000 {
		t.Errorf("only %d were tried", refusals)
	}
}

func FuzzRules(f *testing.F) {
	f.Add("correct horse battery staple", "Ada Lovelace", "ada@example.com")
	f.Add("caf\u00e9 cafe\u0301 \u1e9b\u0323 \xff", "\u0130", "@")
	f.Fuzz(func(t *testing.T, password, name, email string) {
		rules := NewRules(15, "Boathouse")
		problem := rules.Check(password, name, email)
		normal := Normalize(password)
		if Normalize(normal) != normal {
			t.Errorf("%q has no one normal form", password)
		}
		if rules.Check(normal, name, email) != problem {
			t.Errorf("%q is judged otherwise once normalized", password)
		}
		if n := utf8.RuneCountInString(normal); problem == "" && (n < 15 || n > 256 || len(normal) > 1024 || !utf8.ValidString(password)) {
			t.Errorf("%q was accepted", password)
		}
	})
}

// The most that one form may cost, beside the tens of milliseconds of the hash.
func BenchmarkCheckTheLongestPassword(b *testing.B) {
	rules := NewRules(15, "Boathouse")
	password, name := unlike(256), strings.Repeat("abc ", 500)
	for b.Loop() {
		rules.Check(password, name, "ada@example.com")
	}
}

func BenchmarkCheckAPassphrase(b *testing.B) {
	rules := NewRules(15, "Boathouse")
	for b.Loop() {
		rules.Check("correct horse battery staple", "Ada Lovelace", "ada@example.com")
	}
}

// unlike returns a password of n letters with no pattern in it.
func unlike(n int) string {
	password, state := make([]byte, n), uint32(1)
	for i := range password {
		state = state*1664525 + 1013904223
		password[i] = 'a' + byte((state>>16)%26)
	}
	return string(password)
}

func accepted(t *testing.T, rules Rules, passwords ...string) {
	t.Helper()
	for _, password := range passwords {
		if problem := rules.Check(password, "Ada Lovelace", "ada@example.com"); problem != "" {
			t.Errorf("%.80q was refused: %s", password, problem)
		}
	}
}

func refused(t *testing.T, rules Rules, passwords ...string) {
	t.Helper()
	for _, password := range passwords {
		if rules.Check(password, "Ada Lovelace", "ada@example.com") == "" {
			t.Errorf("%.80q was accepted", password)
		}
	}
}
