package cli

import (
	"strings"
	"testing"
)

func TestUserExpirePassword_SaysWhatHappens(t *testing.T) {
	p := newProgram(t)
	p.run("seed")
	for _, c := range []struct {
		address, want string
		status        int
	}{
		{"nobody@example.com", "no account has the address", 1},
		{"ada", "ada", 1},
		{"ada@example.com", "tells the user to choose a new one", 0},
	} {
		output, status := p.run("user", "expire-password", c.address)
		if status != c.status || !strings.Contains(output, c.want) || strings.Contains(output, "invalid IP") {
			t.Errorf("%s: got status %d and %q, want status %d and %q", c.address, status, output, c.status, c.want)
		}
	}
}

func TestUserRecover_SaysWhyThereIsNothingToRecover(t *testing.T) {
	p := newProgram(t)
	p.run("seed")
	for address, want := range map[string]string{
		"nobody@example.com": "no account has the address",
		"ada@example.com":    "no second factor to remove",
		"ada":                "ada",
	} {
		if output, status := p.run("user", "recover", address); status != 1 || !strings.Contains(output, want) {
			t.Errorf("%s: got status %d and %q, want status 1 and %q", address, status, output, want)
		}
	}
}

func TestUserMove_SaysWhyNothingMoves(t *testing.T) {
	p := newProgram(t)
	p.run("seed")
	for _, c := range []struct {
		from, to, want string
		status         int
	}{
		{"nobody@example.com", "new@example.org", "no account", 1},
		{"ada@example.com", "grace@example.com", "somebody else", 1},
		{"ada@example.com", "nonsense", "Enter an email address", 1},
		{"ada@example.com", "ada@example.org", "on its way to ada@example.org", 0},
	} {
		if output, status := p.run("user", "move", c.from, c.to); status != c.status ||
			!strings.Contains(output, c.want) {
			t.Errorf("%s to %s: got status %d and %q, want status %d and %q", c.from, c.to, status, output,
				c.status, c.want)
		}
	}
}

func TestUserGrantAndRevoke_SayWhatHappens(t *testing.T) {
	p := newProgram(t)
	p.run("seed")
	for _, c := range []struct {
		verb, address, role, want string
		status                    int
	}{
		{"grant", "nobody@example.com", "admin", "nobody@example.com: no account has the address", 1},
		{"grant", "ada", "admin", "ada: ", 1},
		{"grant", "ada@example.com", "boss", `there is no role "boss"; the roles are: admin`, 1},
		{"grant", "ada@example.com", "admin", "has the role admin from the next request on", 0},
		{"grant", "ada@example.com", "admin", "already has the role admin", 0},
		{"revoke", "nobody@example.com", "admin", "nobody@example.com: no account has the address", 1},
		{"revoke", "ada@example.com", "boss", `there is no role "boss"; the roles are: admin`, 1},
		{"revoke", "ada@example.com", "admin", "has lost the role admin", 0},
		{"revoke", "ada@example.com", "admin", "doesn't have the role admin", 0},
	} {
		output, status := p.run("user", c.verb, c.address, c.role)
		if status != c.status || !strings.Contains(output, c.want) {
			t.Errorf("user %s %s %s: got status %d and %q, want status %d and %q", c.verb, c.address, c.role, status, output, c.status, c.want)
		}
	}
}
