package main

import (
	"os"
	"strings"
	"testing"

	"gorm.io/gorm/schema"
)

func TestANameIsReadInAnyCase(t *testing.T) {
	for _, written := range []string{"LeopardLine", "leopardLine", "leopard_line", "leopard-line", "Leopard line", " LEOPARD  LINE ", "LEOPARD_LINE"} {
		n, err := parseName(written)
		if err != nil || n.Snake() != "leopard_line" || n.Go() != "LeopardLine" || n.Local() != "leopardLine" || n.Kebab() != "leopard-line" || n.Label() != "Leopard line" {
			t.Errorf("%q is %q (%v)", written, n, err)
		}
	}
}

func TestInitialismsAreWrittenAsGoWritesThem(t *testing.T) {
	for written, want := range map[string][4]string{
		"DueURL":      {"due_url", "DueURL", "dueURL", "Due URL"},
		"url_check":   {"url_check", "URLCheck", "urlCheck", "URL check"},
		"APIKeys":     {"api_keys", "APIKeys", "apiKeys", "API keys"},
		"customerIDs": {"customer_ids", "CustomerIDs", "customerIDs", "Customer IDs"},
		"HTTPServer":  {"http_server", "HTTPServer", "httpServer", "HTTP server"},
		"vat id":      {"vat_id", "VATID", "vatID", "VAT ID"},
		"line 2":      {"line2", "Line2", "line2", "Line2"},
	} {
		n, err := parseName(written)
		if got := [4]string{n.Snake(), n.Go(), n.Local(), n.Label()}; err != nil || got != want {
			t.Errorf("%q is %q (%v)", written, got, err)
		}
	}
}

func TestWhatIsNoNameIsRefused(t *testing.T) {
	for _, written := range []string{"", " ", "-", "2nd", "größe", "a/b", "a.b", "../up", "a;b", "a'b", "a\nb", "a_name_of_more_than_forty_characters_in_all"} {
		if n, err := parseName(written); err == nil {
			t.Errorf("%q is %q", written, n)
		}
	}
}

func TestAVariableIsNeverAKeywordNorSomethingPredeclared(t *testing.T) {
	for _, written := range []string{"type", "range", "func", "string", "error", "len", "any", "nil", "models"} {
		n, err := parseName(written)
		if err != nil || n.Local("models", "views") != "row" {
			t.Errorf("%q is the variable %q (%v)", written, n.Local("models"), err)
		}
	}
}

func TestPluralsLeadBackToTheirSingulars(t *testing.T) {
	words := strings.Fields("leopard category day key box bus status address branch wish quiz buzz photo hero potato house course case size price url " +
		"vat bonus virus tax class process expense note city fee date place page image recipe dose phase license release video memo cause warehouse")
	for word := range irregular {
		words = append(words, word)
	}
	for _, word := range words {
		if singular(plural(word)) != word || singular(word) != word || plural(word) == word {
			t.Errorf("%s has the plural %s, whose singular is %s; its own singular is %s", word, plural(word), singular(plural(word)), singular(word))
		}
	}
}

// A table that GORM would call otherwise gets its name from its model, or that would not find it.
func TestAPlainPluralIsGORMsToo(t *testing.T) {
	words, err := os.ReadFile("../auth/password/common.txt")
	if err != nil {
		t.Fatal(err)
	}
	for word := range strings.FieldsSeq(string(words)) {
		n, err := parseName(word)
		if err != nil || !plain(n[0]) {
			continue
		}
		if table := (schema.NamingStrategy{}).TableName(n.Go()); table != n.Plural().Snake() {
			t.Errorf("GORM calls the table of %s %s, not %s", n.Go(), table, n.Plural().Snake())
		}
	}
}

func TestColumnsAreCalledAsGORMCallsThem(t *testing.T) {
	for _, first := range append([]string{"due", "line2"}, initialisms...) {
		for _, n := range []name{{first}, {first, "date"}, {"due", first}} {
			if column := (schema.NamingStrategy{}).ColumnName("", n.Go()); column != n.Snake() {
				t.Errorf("GORM calls the column of %s %s, not %s", n.Go(), column, n.Snake())
			}
		}
	}
}
