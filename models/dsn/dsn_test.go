package dsn

import (
	"strings"
	"testing"
)

func TestParse_SaysWhatToWrite(t *testing.T) {
	for databaseURL, says := range map[string]string{
		"data/app.db":                          "must begin with sqlite:, postgres://",
		"sqlite:":                              "write sqlite: and a path",
		"sqlite://":                            "write sqlite: and a path",
		"sqlite::memory:":                      "write sqlite: and a path",
		"sqlite:app.db?mode=ro":                "write sqlite: and a path",
		"sqlite:~/app.db":                      "only a shell replaces",
		"sqlite:~ada/app.db":                   "only a shell replaces",
		"sqlite://~/app.db":                    "only a shell replaces",
		"sqlite:$HOME/app.db":                  "only a shell replaces",
		"sqlite:/home/${USER}/app.db":          "only a shell replaces",
		"sqlite:%APPDATA%/app.db":              "only a shell replaces",
		"sqlite:file:app.db":                   "write sqlite: and the path alone",
		"sqlite:data/":                         "names a folder",
		"sqlite:.":                             "names a folder",
		`sqlite:"data/app.db"`:                 "quotation marks",
		"sqlite:data/app.db\nPORT=1":           "control character",
		"postgres://ada:geheim@host:port/app":  "postgres://user:password@host:5432/name",
		"postgres://ada:geheim@host:99999/app": "postgres://user:password@host:5432/name",
		"postgres://ada:geheim@host/app?sslmode=verified":               "sslmode",
		"postgres://ada:geheim@host/app?sslrootcert=/nowhere":           "/nowhere",
		"postgres://ada:geheim@host/app?connect_timeout=soon":           "connect_timeout",
		"postgres://ada:geheim@host/app?sslmode=disable&sslrootcert=/x": "/x",
	} {
		_, err := Parse(databaseURL)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got %v, want an error that says %q and omits the password", databaseURL, err, says)
		}
	}
}

func TestParse_KeepsThePath(t *testing.T) {
	for databaseURL, file := range map[string]string{
		"sqlite:data/app.db":              "data/app.db",
		"sqlite:///var/lib/app.db":        "/var/lib/app.db",
		"sqlite:data/app.db ":             "data/app.db",
		" sqlite:data/app.db\r\n":         "data/app.db",
		"sqlite:./~/app.db":               "./~/app.db",
		"sqlite:app~1.db":                 "app~1.db",
		"sqlite:cash$/50%20of $ 1%.db":    "cash$/50%20of $ 1%.db",
		`sqlite:C:\Users\Ada\app data.db`: `C:\Users\Ada\app data.db`,
	} {
		if d, err := Parse(databaseURL); err != nil || d.File != file {
			t.Errorf("%q: got %q (%v), want %q", databaseURL, d.File, err, file)
		}
	}
}

// ASVS 5.0 V12.3.2: TLS clients verify the certificate of the server.
func TestUnverified_ReportsTLSWithoutVerification(t *testing.T) {
	for databaseURL, unverified := range map[string]bool{
		"sqlite:data/app.db":                           false,
		"postgres://u:p@db.example.com/x":              false,
		"postgres://u:p@/x?host=db.example.com":        false,
		"postgres://u:p@localhost,db.example.com/x":    false,
		"postgres://u:p@localhost/x":                   false,
		"postgres://u:p@[::1]/x?sslmode=require":       false,
		"postgres:///x?host=/run/postgresql":           false,
		"postgres://u:p@h/x?sslmode=verify-full":       false,
		"postgres://u:p@h/x?sslmode=disable":           false,
		"postgres://u:p@h/x?sslrootcert=system":        false,
		"postgres://u:p@h/x?sslmode=require":           true,
		"postgres://u:p@h/x?sslmode=prefer":            true,
		"postgres://u:p@h/x?sslmode=allow":             true,
		"postgres://u:p@h/x?sslmode=":                  true,
		"postgres://u:p@h/x?sslmode=verify-ca":         true,
		"postgres://u:p@localhost,h/x?sslmode=require": true,
	} {
		d, err := Parse(databaseURL)
		if err != nil || d.Unverified() != unverified {
			t.Errorf("%s: got %v (%v), want %v", databaseURL, d.Unverified(), err, unverified)
		}
	}
}

func TestParse_VerifiesTLSToOtherMachinesByDefault(t *testing.T) {
	for databaseURL, verified := range map[string]bool{
		"postgres://u:p@db.example.com/x":           true,
		"postgres://u:p@localhost,db.example.com/x": true,
		"postgres://u:p@127.0.0.1/x":                false,
	} {
		d, err := Parse(databaseURL)
		if err != nil || (d.Postgres.TLSConfig != nil && !d.Postgres.TLSConfig.InsecureSkipVerify) != verified {
			t.Errorf("%s: got %+v (%v), want verified %v", databaseURL, d.Postgres.TLSConfig, err, verified)
		}
	}
}

func TestParse_UsesPGSSLMODEWithoutAnSSLMode(t *testing.T) {
	t.Setenv("PGSSLMODE", "require")
	if d, err := Parse("postgres://u:p@db.example.com/x"); err != nil || !d.Unverified() {
		t.Errorf("PGSSLMODE=require: want Unverified to report true (%v)", err)
	}
	if d, err := Parse("postgres://u:p@db.example.com/x?sslmode=verify-full"); err != nil || d.Unverified() {
		t.Errorf("sslmode=verify-full in the URL: want Unverified to report false (%v)", err)
	}
}
