package docs_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/app"
	"example.com/gatehouse/config"
	"example.com/gatehouse/web"
)

// program finds what checks a file. Where it is not installed the test is
// skipped, and fails where CI installs it.
func program(t *testing.T, name, packages string) string {
	t.Helper()
	found, err := exec.LookPath(name)
	if err != nil {
		found, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err == nil {
		return found
	}
	sentence := "this test needs " + name + ": apt-get install " + packages
	if os.Getenv("CI") == "true" && strings.Contains(read(t, "../.ci/run"), packages) {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
	return ""
}

func accepts(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", program, err, said)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	full := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return full
}

func TestUnit_IsValid(t *testing.T) {
	analyze := program(t, "systemd-analyze", "systemd")
	self, err := os.Executable() // what is started has to be there
	if err != nil {
		t.Fatal(err)
	}
	unit := regexp.MustCompile(`(?m)^ExecStart=.*$`).ReplaceAllLiteralString(read(t, "../deploy/app.service"), "ExecStart="+self)
	accepts(t, analyze, "verify", "--man=no", "--recursive-errors=no", write(t, "app.service", unit))
}

func TestCaddyfile_IsValid(t *testing.T) {
	caddy := program(t, "caddy", "caddy")
	accepts(t, caddy, "validate", "--adapter", "caddyfile", "--config", "../deploy/Caddyfile")
}

func TestNginxConf_IsValid(t *testing.T) {
	nginx := program(t, "nginx", "nginx-light")
	certificate := selfSigned(t)
	site := regexp.MustCompile(`(ssl_certificate(_key)?) \S+;`).ReplaceAllString(read(t, "../deploy/nginx.conf"), "$1 "+certificate+";")
	// nginx opens the ports while it looks, which only root may do with the
	// real ones, and only where nothing listens there.
	site = regexp.MustCompile(`listen \S*\d`).ReplaceAllStringFunc(site, func(string) string { return "listen unix:" + filepath.Join(t.TempDir(), "socket") })
	log := filepath.Join(t.TempDir(), "log")
	whole := "pid " + log + ".pid; events {} http { access_log off; " + temporaryFolders(t) + "include " + write(t, "site.conf", site) + "; }"
	accepts(t, nginx, "-t", "-c", write(t, "nginx.conf", whole), "-g", "error_log "+log+";")
}

// temporaryFolders keeps nginx out of folders that only root may use.
func temporaryFolders(t *testing.T) string {
	var lines strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		lines.WriteString(kind + "_temp_path " + t.TempDir() + "; ")
	}
	return lines.String()
}

// selfSigned is a file with a key and a certificate for it.
func selfSigned(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "both.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))+
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

var quotedSetting = regexp.MustCompile(`(?m)^([A-Z_]+) = "(.*)"$`)

// What fly.toml sets, with the secrets, starts the program, and its port is the
// one of the image.
func TestFly_HasTheSettingsOfProduction(t *testing.T) {
	file := read(t, "../deploy/fly.toml")
	settings := []string{"APP_ENV=production", "DATABASE_URL=postgres://u:p@host/db", "SMTP_URL=smtps://u:p@host", "SECRET_KEY=f2a97c1be8035d46f2a97c1b08e35d64"}
	for _, m := range quotedSetting.FindAllStringSubmatch(file, -1) {
		settings = append(settings, m[1]+"="+m[2])
	}
	c, err := config.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.TrustedProxies) < 2 || !c.TrustedProxies[0].Contains(netip.MustParseAddr("172.16.0.1")) {
		t.Errorf("the proxies are %s", c.TrustedProxies)
	}
	port := regexp.MustCompile(`internal_port = (\d+)`).FindStringSubmatch(file)
	if port == nil || !strings.Contains(read(t, "../Dockerfile"), "PORT="+port[1]) {
		t.Errorf("the image does not listen on %s", port)
	}
}

// A proxy with a smaller limit would refuse an upload before the program can
// say why.
func TestProxies_AcceptTheLargestBody(t *testing.T) {
	c, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, routes := (&app.Core{Config: c, Log: slog.New(slog.DiscardHandler), Now: time.Now}).Site()
	largest := slices.MaxFunc(routes, func(a, b web.Route) int { return cmp.Compare(a.MaxBody, b.MaxBody) }).MaxBody
	for name, limit := range map[string]string{"Caddyfile": `max_size (\d+)MB`, "nginx.conf": `client_max_body_size (\d+)m`} {
		found := regexp.MustCompile(limit).FindStringSubmatch(read(t, "../deploy/"+name))
		if found == nil {
			t.Fatalf("%s has no limit for bodies", name)
		}
		if megabytes, _ := strconv.ParseInt(found[1], 10, 64); megabytes*1_000_000 < largest {
			t.Errorf("%s takes %d MB, and a route takes %d bytes", name, megabytes, largest)
		}
	}
}

// Requests get 20 seconds to finish, and background work the rest. Every stop
// waits for both.
func TestDeployFiles_LetRequestsFinish(t *testing.T) {
	needs := seconds(t, "../cli/serve.go", `drain = (\d+) \* time\.Second`) + seconds(t, "../mail/worker.go", `grace = (\d+) \* time\.Second`)
	for name, setting := range map[string]string{
		"../deploy/app.service": `(?m)^TimeoutStopSec=(\d+)s$`, "../deploy/fly.toml": `(?m)^kill_timeout = "(\d+)s"$`, "deploying.md": `docker run .*--stop-timeout (\d+) `,
	} {
		if waits := seconds(t, name, setting); waits <= needs {
			t.Errorf("%s waits %d seconds, and the program may take %d", name, waits, needs)
		}
	}
}

// seconds is the number that a file has where the pattern has its parentheses.
func seconds(t *testing.T, name, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(read(t, name))
	if found == nil {
		t.Fatalf("%s has nothing like %s", name, pattern)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// A service or an image that forgets APP_ENV must not run as development.
func TestDeploy_IsProductionByDefault(t *testing.T) {
	for name, setting := range map[string]string{"app.service": `(?m)^Environment=APP_ENV=production$`, "../Dockerfile": `(?m)^ENV APP_ENV=production `} {
		if !regexp.MustCompile(setting).MatchString(read(t, "../deploy/"+name)) {
			t.Errorf("%s does not set APP_ENV=production, want a line like %s", name, setting)
		}
	}
}

// An image that sets DATABASE_URL would start even if the operator forgot the
// secret with the real URL. It would then store accounts in a file that is
// deleted with the container.
func TestImage_LacksTheRequiredSettings(t *testing.T) {
	var settings []string
	for _, line := range regexp.MustCompile(`(?m)^ENV (.*)$`).FindAllStringSubmatch(read(t, "../Dockerfile"), -1) {
		settings = append(settings, strings.Fields(line[1])...)
	}
	_, err := config.Load(settings)
	for _, name := range []string{"APP_URL", "DATABASE_URL", "SECRET_KEY", "SMTP_URL", "MAIL_FROM", "TRUSTED_PROXIES"} {
		if err == nil || !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("the image starts without %s: %v", name, err)
		}
	}
}

// A service manager's limit on restarts turns a short outage of the database
// into an outage that lasts until an operator sees it. Go ends a program that
// panics with status 2, so no exit status may keep it down either.
func TestDeployFiles_RestartWithoutLimit(t *testing.T) {
	unit := iniSections(read(t, "../deploy/app.service"))
	for _, want := range []struct{ section, key, value string }{
		{"Unit", "StartLimitIntervalSec", "0"}, {"Service", "Restart", "on-failure"}, {"Service", "RestartPreventExitStatus", ""},
	} {
		if got := unit[want.section][want.key]; got != want.value {
			t.Errorf("app.service [%s]: got %s=%q, want %q", want.section, want.key, got, want.value)
		}
	}
	// Docker's unless-stopped has no limit, and on-failure has one only if it
	// is given one. Fly's default is on-failure with ten retries.
	if got := read(t, "../deploy/fly.toml"); !strings.Contains(got, "[[restart]]\npolicy = \"always\"\n") {
		t.Errorf("fly.toml has no [[restart]] with policy = \"always\":\n%s", got)
	}
	if got := regexp.MustCompile(`docker run .*--restart (\S+)`).FindStringSubmatch(read(t, "deploying.md")); got == nil || got[1] != "unless-stopped" {
		t.Errorf("docker run: got %q, want --restart unless-stopped", got)
	}
}

// iniSections returns the settings of a unit file by section and key.
func iniSections(file string) map[string]map[string]string {
	sections, section := map[string]map[string]string{}, ""
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if name, found := strings.CutPrefix(line, "["); found {
			section = strings.TrimSuffix(name, "]")
			sections[section] = map[string]string{}
		} else if key, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(line, "#") {
			sections[section][key] = value
		}
	}
	return sections
}
