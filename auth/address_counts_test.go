package auth

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Item 71: what is counted under an address alone would be the next owner's to wait for.
func TestLawNoCountUnderAnAddressOutlivesItsAccount(t *testing.T) {
	counted := regexp.MustCompile(`(\w+)\.By\((?:(?:\w+\.)?[eE]mail|string\(\w+\.Recipient\))\)`)
	forgotten, err := os.ReadFile("address_counts.go")
	must(t, err)
	files, err := filepath.Glob("*.go")
	must(t, err)
	rules := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		must(t, err)
		inFile := string(forgotten) + hookOf(string(source))
		for _, match := range counted.FindAllStringSubmatch(string(source), -1) {
			rules++
			if !strings.Contains(inFile, match[1]+".By(") {
				t.Errorf("%s counts under %s by the address, and neither forgetCounts nor an AddressReleased hook in the file forgets it", file, match[1])
			}
		}
	}
	if rules < 3 {
		t.Errorf("only %d counts were found", rules)
	}
}

// hookOf returns the function that a source file sets as AddressReleased, "" if
// it sets none.
func hookOf(source string) string {
	set := regexp.MustCompile(`AddressReleased: +a\.(\w+)`).FindStringSubmatch(source)
	if set == nil {
		return ""
	}
	_, hook, _ := strings.Cut(source, ") "+set[1]+"(")
	hook, _, _ = strings.Cut(hook, "\n}\n")
	return hook
}
