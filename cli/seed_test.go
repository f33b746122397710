package cli

import (
	"strings"
	"testing"

	"example.com/gatehouse/models"
)

func TestSeed_ChangesNothingTheSecondTime(t *testing.T) {
	p := newProgram(t)
	if output, status := p.run("seed"); status != 0 || strings.Count(output, "added") != 3 {
		t.Fatalf("got status %d and %q, want status 0 and three users added", status, output)
	}
	output, status := p.run("seed")
	if status != 0 || strings.Count(output, "kept") != 3 || strings.Contains(output, "added") {
		t.Errorf("got status %d and %q, want status 0 and three users kept", status, output)
	}
}

func TestSeed_MakesPasswordsAsLongAsTheSettingsWant(t *testing.T) {
	if output, status := newProgram(t, "PASSWORD_MIN=64").run("seed"); status != 0 ||
		strings.Count(output, "added") != 3 {
		t.Errorf("got status %d and %q, want status 0 and three users added", status, output)
	}
}

// A forgotten APP_ENV must not put well-known passwords into the database of
// production.
func TestSeed_RefusesADatabaseOnTheInternet(t *testing.T) {
	for url, want := range map[string]string{
		"sqlite:data/app.db":                                    "",
		"postgres://u:p@localhost/x":                            "",
		"postgres://u:p@db/x?sslmode=disable":                   "",
		"postgres://u:p@10.0.0.7/x?sslmode=disable":             "",
		"postgres:///x?host=/var/run/postgresql":                "",
		"postgres://u:p@db.example.com/x":                       "db.example.com",
		"postgres://u:p@localhost,db.example.com/x":             "db.example.com",
		"postgres://u:p@203.0.113.7:5432/x?sslmode=verify-full": "203.0.113.7",
	} {
		if got := publicHost(url); got != want {
			t.Errorf("the public host of %s is %q, want %q", url, got, want)
		}
	}
}

// ASVS 5.0 V6.3.2: production has no default accounts, above all none with a
// well-known password.
func TestSeed_AddsNoUserInProduction(t *testing.T) {
	settings := production(t)
	output, status := newProgram(t, settings...).run("seed")
	if status != 1 || !strings.Contains(output, "in development only") {
		t.Errorf("got status %d and %q, want status 1 and that seed runs in development only", status, output)
	}
	db, err := models.Open(strings.TrimPrefix(settings[2], "DATABASE_URL="), models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	var users int64
	if err := db.Table("users").Count(&users).Error; err != nil || users != 0 {
		t.Errorf("got %d users (%v), want none", users, err)
	}
}
