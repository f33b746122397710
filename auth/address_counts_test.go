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
		for _, match := range counted.FindAllStringSubmatch(string(source), -1) {
			rules++
			if !strings.Contains(string(forgotten), match[1]+".By(") {
				t.Errorf("%s counts under %s by the address, and forgetCounts (address_counts.go) does not forget it", file, match[1])
			}
		}
	}
	if rules < 3 {
		t.Errorf("only %d counts were found", rules)
	}
}
