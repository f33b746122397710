package models_test

import (
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/models"
)

func TestALineIsOneLineThatIsThere(t *testing.T) {
	for typed, want := range map[string]string{
		"  Poem ": "Poem", "e\u0301": "é", strings.Repeat("é", 10): strings.Repeat("é", 10),
		"": "", " \t\n": "", "two\nlines": "two\nlines", strings.Repeat("é", 11): strings.Repeat("é", 11), strings.Repeat("x", 1<<20): strings.Repeat("x", 1<<20),
	} {
		problems := models.Invalid{}
		got := problems.Line("due_date", typed, 10)
		good := want != "" && len([]rune(want)) <= 10 && !strings.Contains(want, "\n")
		if got != want || good != (problems.Err() == nil) || !good && !strings.Contains(problems["due_date"], "the due date") {
			t.Errorf("%.20q gives %.20q, %v", typed, got, problems)
		}
	}
}

func TestATextKeepsItsLinesHoweverTheBrowserSentThem(t *testing.T) {
	problems := models.Invalid{}
	if got := problems.Text("body", "one\r\ntwo\rthree\n\n\tfour \r\n", 100); got != "one\ntwo\nthree\n\n\tfour" || problems.Err() != nil {
		t.Errorf("%q, %v", got, problems)
	}
	if problems.Text("body", "ring \a bell", 100); problems["body"] == "" {
		t.Error("a bell is taken")
	}
	if problems.Text("other", "", 100); problems["other"] != "" {
		t.Errorf("nothing is too little: %s", problems["other"])
	}
}

func TestMoneyIsReadAsItIsWritten(t *testing.T) {
	for typed, want := range map[string]string{"1234.50": "1234.50", "1234.5": "1234.50", "12": "12.00", "0.07": "0.07", "-0.99": "-0.99", " 3 ": "3.00", "-12": "-12.00",
		"999999999999.99": "999999999999.99", "12.": "12.00"} {
		problems := models.Invalid{}
		if got := problems.Money("amount", typed).String(); got != want || problems.Err() != nil {
			t.Errorf("%q gives %s, %v", typed, got, problems)
		}
	}
	for _, typed := range []string{"", ".", "-", ".5", "1,50", "1.234", "1e3", "+1", "--1", "1.-5", "1.+5", "٣", "NaN", "1 000", "1000000000000", "$5", "0x10", "1_000"} {
		problems := models.Invalid{}
		if problems.Money("amount", typed); problems.Err() == nil {
			t.Errorf("%q is taken", typed)
		}
	}
}

func TestADateIsADayThatThereIs(t *testing.T) {
	problems := models.Invalid{}
	if got := problems.Date("due", " 2028-02-29 "); !got.Equal(time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)) || problems.Err() != nil {
		t.Errorf("%s, %v", got, problems)
	}
	for _, typed := range []string{"", "2027-02-29", "29.2.2028", "0000-01-01", "10000-01-01", "2028-02-29T10:00"} {
		problems := models.Invalid{}
		if problems.Date("due", typed); problems.Err() == nil {
			t.Errorf("%q is taken", typed)
		}
	}
}

func TestAWholeNumberAndAChoiceAreWhatTheySay(t *testing.T) {
	problems := models.Invalid{}
	if n, state := problems.Integer("count", " -12 "), problems.Choice("state", "open", "open", "done"); n != -12 || state != "open" || problems.Err() != nil {
		t.Errorf("%d, %s, %v", n, state, problems)
	}
	for _, typed := range []string{"", "1.5", "9223372036854775808", "twelve"} {
		problems := models.Invalid{}
		problems.Integer("count", typed)
		if problems.Choice("state", typed, "open", "done"); len(problems) != 2 {
			t.Errorf("%q: %v", typed, problems)
		}
	}
}

func TestInvalid_EmailHoldsToTheRuleForAccounts(t *testing.T) {
	problems := models.Invalid{}
	if got, want := problems.Email("contact", " Ada@Bücher.example "), "ada@xn--bcher-kva.example"; got != want || problems.Err() != nil {
		t.Errorf("got %q, %v, want %q", got, problems, want)
	}
	for typed, want := range map[string]string{
		"": "Enter the contact.", "two\nlines@example.com": "Write the contact on one line.", "ada@localhost": "Write the contact as an address",
		`"a b"@example.com`: "Write the contact as an address", "Ada <ada@example.com>": "Write the contact as an address",
		strings.Repeat("a", 250) + "@example.com": "Use at most 254 characters",
	} {
		problems := models.Invalid{}
		if got := problems.Email("contact", typed); got != typed || !strings.HasPrefix(problems["contact"], want) {
			t.Errorf("%q: got %q with the problem %q, want it as typed with %q", typed, got, problems["contact"], want)
		}
	}
}

func TestInvalid_FloatTakesNumbersWithDecimals(t *testing.T) {
	for typed, want := range map[string]float64{" -12.5 ": -12.5, "3": 3, ".25": 0.25, "+1": 1} {
		problems := models.Invalid{}
		if got := problems.Float("weight", typed); got != want || problems.Err() != nil {
			t.Errorf("%q: got %v, %v, want %v", typed, got, problems, want)
		}
	}
	for _, typed := range []string{"", "neither", "NaN", "Inf", "1e9", "0x1p4", "1,5", "1.2.3", "1_000"} {
		problems := models.Invalid{}
		if problems.Float("weight", typed); problems["weight"] != "Write the weight as a number, such as 12.5." {
			t.Errorf("%q: got %q, want a problem", typed, problems["weight"])
		}
	}
}
