package models_test

import (
	"strings"
	"testing"
	"unicode"

	"example.com/gatehouse/models"
)

func TestNormalizeEmail_ReturnsOneForm(t *testing.T) {
	for input, want := range map[string]string{
		"ada@example.com":                   "ada@example.com",
		"  Ada@Example.COM\n":               "ada@example.com",
		"\u00a0ada@example.com\u3000":       "ada@example.com", // as copied from a page
		"ada@example.com\u200b":             "ada@example.com",
		"\ufeffada@example.com\u200f":       "ada@example.com",
		"\u2068ada@example.com\u2069\u00ad": "ada@example.com", // as copied from a list of contacts
		"ADA.Lovelace+news@example.com":     "ada.lovelace+news@example.com",
		"o'brien@example.co.uk":             "o'brien@example.co.uk",
		"_@e.io":                            "_@e.io",
		"ada@bücher.example":                "ada@xn--bcher-kva.example",
		"ada@BÜCHER.example":                "ada@xn--bcher-kva.example",
		"ada@bu\u0308cher.example":          "ada@xn--bcher-kva.example",
		"ada@xn--bcher-kva.example":         "ada@xn--bcher-kva.example",
		"ada@XN--BCHER-KVA.example":         "ada@xn--bcher-kva.example",
		"ada@faß.de":                        "ada@xn--fa-hia.de", // IDNA2008: not fass.de
		"ada@例え.jp":                         "ada@xn--r8jz45g.jp",
		"ada@münchen.xn--bcher-kva.com":     "ada@xn--mnchen-3ya.xn--bcher-kva.com",
		"ada@r3---sn-x.example.com":         "ada@r3---sn-x.example.com",
		"1@163.com":                         "1@163.com",
		"ada@3com.com":                      "ada@3com.com",
		strings.Repeat("a", 64) + "@b.co":   strings.Repeat("a", 64) + "@b.co",
	} {
		email, problem := models.NormalizeEmail(input)
		if email != want || problem != "" {
			t.Errorf("models.NormalizeEmail(%q) = %q, %q; want %q", input, email, problem, want)
		}
	}
}

func TestNormalizeEmail_SaysWhatToDo(t *testing.T) {
	for name, inputs := range map[string][]string{
		"nothing":        {"", "   ", "\n"},
		"no or many @":   {"ada", "@", "ada@", "@example.com", "ada@@example.com", "ada@example.com@evil.example", "ada%example.com"},
		"a display name": {"Ada <ada@example.com>", "<ada@example.com>", "ada@example.com (Ada)", `"Ada" ada@example.com`},
		"several":        {"ada@example.com,eve@evil.example", "ada@example.com;eve@evil.example", "ada@example.com eve@evil.example"},
		"quoted":         {`"ada"@example.com`, `"a b"@example.com`, `a\@b@example.com`},
		"dots":           {".ada@example.com", "ada.@example.com", "a..da@example.com"},
		"machines":       {"ada@127.0.0.1", "ada@[127.0.0.1]", "ada@[IPv6:::1]", "ada@::1", "ada@0x7f.1", "ada@2130706433", "ada@localhost", "ada@example.123"},
		"domains": {
			"ada@com", "ada@.com", "ada@example.", "ada@example.com.", "ada@example..com", "ada@-a.com", "ada@a-.com",
			"ada@exa_mple.com", "ada@exam!ple.com", "ada@example.com/", "ada@example.com:25", "ada@example.com?x", "ada@example.com#x",
			"ada@" + strings.Repeat("a", 64) + ".com", "ada@xn--.com", "ada@xn--a.com", "ada@xn--example-.com", "ada@xn--80ak6aa92e-.com",
			"ada@a\u200db.com", "ada@\u0301a.com", "ada@\u05d0a.com",
		},
		"too long": {
			strings.Repeat("a", 65) + "@b.co", "a@" + strings.Repeat("abcdefg.", 40) + "com", strings.Repeat("a", 1<<20) + "@b.co",
			"a@" + strings.Repeat("ü", 60) + "." + strings.Repeat("ü", 60) + ".de",
		},
		"bytes that are no text": {"\xff@example.com", "ada@ex\xffample.com"},
	} {
		for _, input := range inputs {
			email, problem := models.NormalizeEmail(input)
			if email != "" || problem == "" {
				t.Errorf("%s: models.NormalizeEmail(%.80q) = %q, %q", name, input, email, problem)
			}
			if problem != "" && !strings.HasSuffix(problem, ".") {
				t.Errorf("%s: %q is no sentence", name, problem)
			}
		}
	}
}

// ASVS 5.0 V1.3.11.
func TestNormalizeEmail_RefusesLineBreaksAndControlCharacters(t *testing.T) {
	for r := range rune(0x100) {
		if !unicode.IsControl(r) {
			continue
		}
		for _, input := range []string{"a" + string(r) + "da@example.com", "ada@exam" + string(r) + "ple.com", "ada@example.com" + string(r) + "Bcc: eve@evil.example"} {
			if email, problem := models.NormalizeEmail(input); email != "" || (!unicode.IsSpace(r) && !strings.Contains(problem, "one email address alone")) {
				t.Errorf("models.NormalizeEmail(%q) = %q, %q", input, email, problem)
			}
		}
	}
}

// Unicode makes ASCII of each of these, in one function or another: what is checked would not be what is mailed.
func TestNormalizeEmail_FoldsNothingIntoAnotherAddress(t *testing.T) {
	for name, input := range map[string]string{
		"Kelvin log in the name":         "\u212aate@example.com",
		"Kelvin log in the domain":       "ada@\u212aite.com",
		"dotted capital I in the domain": "ada@L\u0130nk.com",
		"long s in the domain":           "ada@example\u017fite.com",
		"fullwidth @":                    "ada\uff20example.com",
		"fullwidth @ after a plain one":  "ada@evil.example\uff20example.com",
		"small @":                        "ada\ufe6bexample.com",
		"fullwidth letters":              "ada@\uff45xample.com",
		"fullwidth dot":                  "ada@example\uff0ecom",
		"ideographic dot":                "ada@example\u3002com",
		"halfwidth ideographic dot":      "ada@example\uff61com",
		"one dot leader":                 "ada@example\u2024com",
		"zero width space":               "ada@exam\u200bple.com",
		"soft hyphen":                    "ada@exam\u00adple.com",
		"variation selector":             "ada@exam\ufe0fple.com",
		"ligature":                       "ada@\ufb01nance.com",
		"circled letters":                "ada@\u24d4xample.com",
		"account-of sign":                "ada@\u2100.com", // becomes a/c
		"roman numeral":                  "ada@\u2167.com",
		"Cyrillic name":                  "\u0430da@example.com",
		"right-to-left override":         "ada@\u202eexample.com",
		"byte order mark":                "ada@\ufeffexample.com",
	} {
		if email, problem := models.NormalizeEmail(input); email != "" || problem == "" {
			t.Errorf("%s: models.NormalizeEmail(%q) = %q", name, input, email)
		}
	}
}

func TestNormalizeEmail_SaysWhereAHiddenCharacterIs(t *testing.T) {
	for input, want := range map[string]string{
		"ada@exam\u200bple.com": "after “ada@exam”", "a\u00adda@example.com": "after “a”", "\u200bada\u2060@example.com": "after “ada”", "ada@\u202eexample.com": "after “ada@”",
	} {
		if _, problem := models.NormalizeEmail(input); !strings.Contains(problem, want) {
			t.Errorf("models.NormalizeEmail(%q) has the problem %q, want %q in it", input, problem, want)
		}
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", " Ada@BÜCHER.example ", "ada@xn--bcher-kva.example", "ada@faß.de", "\u212aate@example.com", "ada\uff20example.com",
		"ada@例え.jp", "ada@a\u200cb.com", "Ada <ada@example.com>", "ada@example.com\r\nBcc: eve@evil.example", "ada@[127.0.0.1]", `"a b"@example.com`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		email, problem := models.NormalizeEmail(input)
		if (email == "") == (problem == "") {
			t.Fatalf("models.NormalizeEmail(%q) = %q, %q", input, email, problem)
		}
		if email == "" {
			return
		}
		if again, problem := models.NormalizeEmail(email); again != email || problem != "" {
			t.Errorf("%q becomes %q, which becomes %q, %q", input, email, again, problem)
		}
		// A CHECK of the database compares with lower(), which knows ASCII alone on SQLite and all letters on PostgreSQL.
		if strings.ToLower(email) != email {
			t.Errorf("%q is not in lower case", email)
		}
		if len(email) > 254 || strings.Count(email, "@") != 1 {
			t.Errorf("%q has %d bytes", email, len(email))
		}
		for _, b := range []byte(email) {
			if b <= ' ' || b >= 0x7f || strings.ContainsRune("<>,;:\"()[]\\", rune(b)) {
				t.Errorf("%q has a %q in it", email, b)
			}
		}
		// What stands before the @ is the same, letter for letter, as what was sent.
		local, domain, _ := strings.Cut(email, "@")
		if given := models.Trim(input); !strings.EqualFold(given[:min(len(given), len(local)+1)], local+"@") {
			t.Errorf("%q became %q", input, email)
		}
		if isASCIIText(input) && !strings.EqualFold(models.Trim(input), email) {
			t.Errorf("%q became %q", input, email)
		}
		if !isASCIIText(input) && !isASCIIText(models.Trim(input)) && !strings.Contains(domain, "xn--") {
			t.Errorf("%q lost what was not ASCII and became %q", input, email)
		}
	})
}

func isASCIIText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
