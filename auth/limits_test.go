package auth

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/gatehouse/models/modelstest"
)

// An attacker with a /48 of IPv6 must not get 65,536 times what a rule allows.
func TestLimits_CountIPv6NetworksOf64And56And48Bits(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	a.config.MailsPerAddress = 3
	mails := 0
	allowed := func(address string) bool {
		t.Helper()
		mails++
		err := a.ForgotPassword(t.Context(), fmt.Sprintf("person%d@example.com", mails), Client{IP: netip.MustParseAddr(address)})
		limited, _ := errors.AsType[Limited](err)
		if err != nil && limited.Rule != limitForgotIP.Name {
			t.Fatal(err)
		}
		return err == nil
	}
	for _, step := range []struct {
		what  string
		from  string // %x is the number of the try
		tries int
		want  int
	}{
		{"a /64", "2001:db8:7:100::%x", 4, 3},
		{"the other /64s of its /56", "2001:db8:7:11%x::1", 14, 4*3 - 3},
		{"the other /56s of its /48", "2001:db8:7:%x00::1", 60, 16*3 - 4*3},
		{"another /48", "2001:db8:8:100::%x", 4, 3},
		{"an IPv4 address", "::ffff:c000:207", 4, 3},
		{"its neighbor", "::ffff:c000:208", 4, 3},
	} {
		got := 0
		for i := range step.tries {
			address := step.from
			if strings.Contains(address, "%") {
				address = fmt.Sprintf(address, i+2)
			}
			if allowed(address) {
				got++
			}
		}
		if got != step.want {
			t.Errorf("%s: got %d of %d tries, want %d", step.what, got, step.tries, step.want)
		}
	}
}

// What counts under an address counts under each of its networks. Rules that
// count under an account as well are bounded by the account.
func TestLawLimitsPerAddressCountEachNetwork(t *testing.T) {
	alone := regexp.MustCompile(`\w+\.By\(limit\.Network\(`)
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		must(t, err)
		for _, line := range alone.FindAllString(string(source), -1) {
			t.Errorf("%s: got %s, want From", file, line)
		}
	}
}
