package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// program is the test binary acting as the real one.
const program = "TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(program) != "" || slices.Contains(os.Args, auth.HashWorker) {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// databases are the URLs of folders whose runs use PostgreSQL.
var databases sync.Map

// databaseURL is the database of the runs in a folder: with TEST_DATABASE=postgres one in PostgreSQL, empty at first.
func databaseURL(t *testing.T, dir string) string {
	t.Helper()
	if os.Getenv("TEST_DATABASE") != "postgres" {
		return "sqlite:" + filepath.Join(dir, "data", "app.db")
	}
	if known, ok := databases.Load(dir); ok {
		return known.(string)
	}
	fresh := modelstest.EmptyURL(t)
	databases.Store(dir, fresh)
	return fresh
}

// command is a run of the program in a folder of its own.
func command(t *testing.T, ctx context.Context, dir string, settings []string, words ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], words...)
	cmd.Dir = dir
	cmd.Env = []string{program + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	if database := databaseURL(t, dir); strings.HasPrefix(database, "postgres:") {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+database)
	}
	cmd.Env = append(cmd.Env, settings...)
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// output is what the program writes, which is read while it runs.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

func run(t *testing.T, dir string, settings []string, words ...string) (output string, status int) {
	t.Helper()
	cmd, out := command(t, t.Context(), dir, settings, words...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// server is a running program.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	output *output
	url    string
	client *http.Client
}

func start(t *testing.T, dir string, settings ...string) *server {
	t.Helper()
	s := launch(t, dir, freePort(t), settings...)
	s.await()
	return s
}

func launch(t *testing.T, dir, port string, settings ...string) *server {
	t.Helper()
	jar, _ := cookiejar.New(nil) // it has no error to give
	s := &server{t: t, url: "http://127.0.0.1:" + port, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	s.cmd, s.output = command(t, context.Background(), dir, append([]string{"PORT=" + port, "APP_URL=" + s.url}, settings...))
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill(syscall.SIGKILL) })
	return s
}

// await returns once the server answers.
func (s *server) await() {
	s.t.Helper()
	for range 600 {
		if answer, err := http.Get(s.url + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.kill(syscall.SIGKILL)
	s.t.Fatalf("the server does not get ready:\n%s", s.output)
}

// kill sends the signal and returns the exit status, -1 where the signal ended it.
func (s *server) kill(signal syscall.Signal) int {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Signal(signal)
		s.cmd.Wait()
	}
	return s.cmd.ProcessState.ExitCode()
}

func (s *server) get(path string) (int, string) {
	s.t.Helper()
	answer, err := s.client.Get(s.url + path)
	return s.read(answer, err)
}

func (s *server) post(path string, form url.Values) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", s.url)
	answer, err := s.client.Do(r)
	return s.read(answer, err)
}

func (s *server) read(answer *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.output)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

var registration = url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "password": {"seven purple lanterns hum"}}

// signUp registers Ada, and confirms with the link in the development mailbox,
// which logs her in.
func (s *server) signUp() {
	s.t.Helper()
	s.post("/register", registration)
	_, list := s.get("/dev/mail")
	message := regexp.MustCompile(`/dev/mail/[0-9a-f-]{36}`).FindString(list)
	_, html := s.get(message + "/html")
	link := regexp.MustCompile(`http://[^"]+/email/confirm\?token=([\w-]+)`).FindStringSubmatch(html)
	if link == nil {
		s.t.Fatalf("the development mailbox shows no link:\n%s", html)
	}
	if status, body := s.post("/email/confirm", url.Values{"token": {link[1]}}); status != 200 || !strings.Contains(body, "Dashboard") {
		s.t.Errorf("confirming answered %d", status)
	}
}

// loggedIn reports whether the client is logged in.
func (s *server) loggedIn() bool {
	s.t.Helper()
	_, body := s.get("/dashboard")
	return strings.Contains(body, "Log out")
}

// Cookies know no ports (RFC 6265 8.5), so two clones on localhost share a jar.
func TestCookies_OfClonesOnOneMachineAreApart(t *testing.T) {
	first, second := start(t, t.TempDir()), start(t, t.TempDir())
	second.client = first.client
	first.signUp()
	second.signUp()
	if !first.loggedIn() || !second.loggedIn() {
		t.Errorf("after a login to the second clone the first is logged in: %t, the second: %t, want both", first.loggedIn(), second.loggedIn())
	}
	second.post("/logout", nil)
	if !first.loggedIn() || second.loggedIn() {
		t.Errorf("after a logout of the second clone the first is logged in: %t, the second: %t, want the first alone", first.loggedIn(), second.loggedIn())
	}
}

func TestCookies_OfProductsThatTakeTurnsOnAPortAreApart(t *testing.T) {
	port, shop, blog := freePort(t), t.TempDir(), t.TempDir()
	first := launch(t, shop, port, "APP_NAME=Shop")
	first.await()
	first.signUp()
	first.kill(syscall.SIGTERM)
	second := launch(t, blog, port, "APP_NAME=Blog")
	second.await()
	second.client = first.client
	second.signUp()
	second.kill(syscall.SIGTERM)
	again := launch(t, shop, port, "APP_NAME=Shop")
	again.await()
	if again.client = first.client; !again.loggedIn() {
		t.Error("the shop is logged out after a login to the blog on its port, want logged in")
	}
}

func TestAFreshCloneStartsWithoutAnySettings(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	if out := s.output.String(); !strings.Contains(out, s.url) || !strings.Contains(out, s.url+"/dev/mail") {
		t.Errorf("the start does not say where to go:\n%s", out)
	}
	s.signUp()
	if info, err := os.Stat(filepath.Join(dir, "data")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder is open to others: %v (%v)", info.Mode(), err)
	}
}

func TestAnUnknownWordIsAnsweredWithTheUsage(t *testing.T) {
	for _, words := range [][]string{{"serv"}, {"serve", "now"}, {"--port=80"}, {""}, {"routes", "--xml"}, {"routes", "--json", "--json"}, {"serve", "--json"}, {"user expire-password", "ada@example.com"}, {"user expire-password …"}, {"user", "expire-password"}} {
		output, status := run(t, t.TempDir(), nil, words...)
		if status != 2 || !strings.Contains(output, "usage:") || strings.Contains(output, "goroutine") {
			t.Errorf("%q: status %d\n%s", words, status, output)
		}
	}
}

func TestTheUsageTellsEveryCommand(t *testing.T) {
	for words := range commands {
		command := strings.TrimRight(words, " …")
		if strings.HasPrefix(command, "-") || command == auth.HashWorker {
			continue
		}
		if !regexp.MustCompile(`(?m)(^  |")` + regexp.QuoteMeta(command) + `\b`).MatchString(usage) {
			t.Errorf("help does not tell of %q", command)
		}
	}
}

func TestBadSettingsAreAllNamedAndNothingIsStarted(t *testing.T) {
	dir := t.TempDir()
	for _, word := range []string{"serve", "migrate", "seed", "routes"} {
		output, status := run(t, dir, []string{"APP_ENV=production", "PORT=http", "PASSWORD_MIN=1", "DATABASE_URL=postgres://u:p@h:port/x"}, word)
		for _, name := range []string{"TRUSTED_PROXIES", "APP_URL", "DATABASE_URL", "SECRET_KEY", "SMTP_URL", "MAIL_FROM", "PORT", "PASSWORD_MIN"} {
			if !strings.Contains(output, name) {
				t.Errorf("%s does not name %s:\n%s", word, name, output)
			}
		}
		if status != 2 || strings.Contains(output, "goroutine") {
			t.Errorf("%s: status %d\n%s", word, status, output)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}

func TestADatabaseThatIsOnlyAwayIsNoFaultOfTheSettings(t *testing.T) {
	away := "DATABASE_URL=postgres://u:p@127.0.0.1:" + freePort(t) + "/x?sslmode=disable"
	if output, status := run(t, t.TempDir(), []string{away}, "serve"); status != 1 || !strings.Contains(output, "check that it runs") {
		t.Errorf("status %d\n%s", status, output)
	}
}

// Whoever listens on the usual port is another program, which must not get this one's visitors and mailed links.
func TestOnAnotherPortTheProgramIsAtHome(t *testing.T) {
	port := freePort(t)
	s := launch(t, t.TempDir(), port, "APP_URL=")
	s.await()
	if out := s.output.String(); !strings.Contains(out, "http://localhost:"+port+"/dev/mail") {
		t.Errorf("it says to be elsewhere:\n%s", out)
	}
	answer, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, s.url+"/login", nil))
	if status, _ := s.read(answer, err); status != http.StatusTemporaryRedirect || answer.Header.Get("Location") != "http://localhost:"+port+"/login" {
		t.Errorf("status %d, and on to %s", status, answer.Header.Get("Location"))
	}
}

// Every setting of production but APP_ENV must not start a development site.
func TestServe_RefusesAForgottenAppEnv(t *testing.T) {
	dir := t.TempDir()
	output, status := run(t, dir, complete(dir)[1:], "serve")
	if status != 2 || !strings.Contains(output, "set APP_ENV=production") {
		t.Errorf("status %d, want 2 and a sentence that says to set APP_ENV=production:\n%s", status, output)
	}
}

func TestAPortThatIsTakenIsToldPlainly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	output, status := run(t, t.TempDir(), []string{fmt.Sprintf("PORT=%d", l.Addr().(*net.TCPAddr).Port)}, "serve")
	if status == 0 || !strings.Contains(output, "another server") {
		t.Errorf("status %d\n%s", status, output)
	}
}

func TestSeedIsSafeToRunTwice(t *testing.T) {
	dir := t.TempDir()
	first, status := run(t, dir, nil, "seed")
	if status != 0 || strings.Count(first, "added") != 3 {
		t.Fatalf("status %d\n%s", status, first)
	}
	second, status := run(t, dir, nil, "seed")
	if status != 0 || strings.Count(second, "kept") != 3 || strings.Contains(second, "added") {
		t.Errorf("status %d\n%s", status, second)
	}
	s := start(t, dir)
	if status, body := s.post("/login", url.Values{"email": {"ada@example.com"}, "password": {seedPassword(15)}}); status != 200 || !strings.Contains(body, "Dashboard") {
		t.Errorf("a seeded person cannot log in: %d", status)
	}
}

func TestSeededPasswordsAreAsLongAsTheSettingsWant(t *testing.T) {
	if output, status := run(t, t.TempDir(), []string{"PASSWORD_MIN=64"}, "seed"); status != 0 || strings.Count(output, "added") != 3 {
		t.Errorf("status %d\n%s", status, output)
	}
}

func TestRoutesTellsEveryAddressItsGuardAndItsHandler(t *testing.T) {
	dir := t.TempDir()
	output, status := run(t, dir, nil, "routes")
	if status != 0 || !regexp.MustCompile(`(?m)^GET +/account/sessions +logged in +SessionsPage$`).MatchString(output) {
		t.Errorf("status %d\n%s", status, output)
	}
	if !regexp.MustCompile(`(?m)^GET +/dashboard +logged in +page$`).MatchString(output) {
		t.Errorf("the dashboard's handler is not told:\n%s", output)
	}
	if !regexp.MustCompile(`(?m)^POST +/login +logged out +Login +login-pair 10 per 15m; .*account 5, then waits of 1s to 1h; logins 100 per 10m$`).MatchString(output) {
		t.Errorf("what logging in is limited to is not told:\n%s", output)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("listing the routes left %v (%v)", left, err)
	}
}

func TestRoutesAreInParagraphsAndCanBeSearched(t *testing.T) {
	output, status := run(t, t.TempDir(), nil, "routes", "Login")
	if status != 0 || !regexp.MustCompile(`(?m)^POST +/login +logged out .*\n(.+\n)*\nGET +/login/factor +owing a second factor`).MatchString(output) || strings.Contains(output, "/dashboard") {
		t.Errorf("status %d\n%s", status, output)
	}
	if output, status := run(t, t.TempDir(), nil, "routes", "xyzzy"); status != 1 || !strings.Contains(output, `no line has "xyzzy"`) {
		t.Errorf("status %d\n%s", status, output)
	}
}

func TestRoutesTellsMachinesTheSame(t *testing.T) {
	output, status := run(t, t.TempDir(), nil, "routes", "--json")
	var list []map[string]any
	if err := json.Unmarshal([]byte(output), &list); err != nil || status != 0 {
		t.Fatalf("status %d, %v\n%s", status, err, output)
	}
	login := list[slices.IndexFunc(list, func(r map[string]any) bool { return r["path"] == "/login" && r["method"] == "POST" })]
	pair := map[string]any{"rule": "login-pair", "free": 10., "window_seconds": 900., "growing": false, "max_wait_seconds": 0., "closed_at": 0.}
	if login["guard"] != "logged out" || login["handler"] != "Login" || login["max_body"] != 1048576. || !reflect.DeepEqual(login["limits"].([]any)[0], pair) {
		t.Errorf("logging in is told as %v", login)
	}
}

func TestRoutesTellsNoLimitThatIsOff(t *testing.T) {
	output, status := run(t, t.TempDir(), []string{"RATE_LIMIT=off"}, "routes")
	if status != 0 || strings.Contains(output, "login-pair") || !strings.Contains(output, "/login") {
		t.Errorf("status %d\n%s", status, output)
	}
}

func TestMigrateTellsWhatItDid(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"^[1-9][0-9]* migrations applied", "^0 migrations applied"} {
		if output, status := run(t, dir, nil, "migrate"); status != 0 || !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("status %d, and no %q in\n%s", status, want, output)
		}
	}
}

func TestFirstStartsAtOnceAllGetReady(t *testing.T) {
	dir := t.TempDir()
	var servers []*server
	for range 3 {
		servers = append(servers, launch(t, dir, freePort(t)))
	}
	for _, s := range servers {
		s.await()
	}
}

// What was answered is mailed, even by the next process.
func TestAKilledProcessLosesNoMail(t *testing.T) {
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	resume := mailbox.Stall()
	s := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	if status, _ := s.post("/register", registration); status != 200 {
		t.Fatalf("with a mail server that does not answer, signing up answers %d", status)
	}
	s.kill(syscall.SIGKILL)
	resume()
	// The killed process holds its lease for some minutes more.
	again := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	hasten(t, dir)
	if mail := mailbox.Next(t, "ada@example.com"); !strings.Contains(mail.Link, "/email/confirm?token=") {
		t.Errorf("the mail links to %s", mail.Link)
	}
	again.kill(syscall.SIGTERM)
}

func TestAStoppedProcessHandsItsMailBack(t *testing.T) {
	t.Parallel()
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	resume := mailbox.Stall()
	defer resume()
	s := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	s.post("/register", registration)
	for range 1000 {
		if mailbox.Connections() > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if status := s.kill(syscall.SIGTERM); status != 0 || !strings.Contains(s.output.String(), "mail handed back") {
		t.Errorf("the exit status is %d:\n%s", status, s.output)
	}
	resume()
	again := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	mailbox.Next(t, "ada@example.com") // whose patience is shorter than a lease
	again.kill(syscall.SIGTERM)
}

// Next to the pages, hashes would slow them down. However the program ends, what it has hash ends too.
func TestPasswordsAreHashedByAProcessThatEndsWithTheProgram(t *testing.T) {
	s := start(t, t.TempDir())
	s.post("/login", url.Values{"email": {"a@example.com"}, "password": {"wrong wrong wrong"}})
	var worker []string
	await(t, "no process hashes beside it", func() bool {
		children, err := exec.Command("ps", "-o", "pid=,args=", "--ppid", fmt.Sprint(s.cmd.Process.Pid)).Output()
		worker = strings.Fields(string(children))
		return err == nil && len(worker) == 3 && worker[2] == auth.HashWorker
	})
	s.kill(syscall.SIGKILL)
	await(t, "what hashed outlives the program", func() bool { return exec.Command("ps", "-p", worker[0]).Run() != nil })
}

// await is patient: what hashes gets its turn when nothing else on the machine wants one.
func await(t *testing.T, otherwise string, happens func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !happens(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}

// Requests that run when the stop comes are answered, and the exit is clean.
func TestAStopLetsRequestsFinish(t *testing.T) {
	s := start(t, t.TempDir())
	finish := []func(url.Values) int{s.begins("/login"), s.begins("/login"), s.begins("/login"), s.begins("/login")}
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.turnsAway()
	for _, finish := range finish {
		if status := finish(url.Values{"email": {"a@example.com"}, "password": {"wrong wrong wrong"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("a request under way was answered %d", status)
		}
	}
	if status := s.kill(syscall.SIGTERM); status != 0 {
		t.Errorf("the exit status is %d:\n%s", status, s.output)
	}
}

// begins sends a form without what is in it, and returns once the server waits for that. finish sends it, and returns the answer's status.
func (s *server) begins(path string) (finish func(url.Values) int) {
	s.t.Helper()
	awaited, answered := make(chan bool), make(chan int, 1)
	body, rest := io.Pipe()
	ctx := httptrace.WithClientTrace(s.t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(awaited) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {s.url}, "Expect": {"100-continue"}}
	go func() {
		answer, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(r)
		if err != nil {
			s.t.Errorf("a request under way got no answer: %v", err)
			answered <- 0
			return
		}
		answer.Body.Close()
		answered <- answer.StatusCode
	}()
	select {
	case <-awaited:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the server does not ask for the rest of a form:\n%s", s.output)
	}
	return func(form url.Values) int {
		go func() {
			io.WriteString(rest, form.Encode()) // that it fails shows in the answer
			rest.Close()
		}()
		return <-answered
	}
}

// turnsAway returns once the server takes nobody new. Who gets in while it stops is waited for, so it is asked late.
func (s *server) turnsAway() {
	s.t.Helper()
	for range 1000 {
		if strings.Contains(s.output.String(), "stopping") {
			open, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				return
			}
			open.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the server still takes visitors:\n%s", s.output)
}

func TestAFullDiskIsAnErrorPageAndNotTheEnd(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("this story needs prlimit, of util-linux, to limit the size of files")
	}
	s := start(t, t.TempDir(), "DATABASE_URL=") // SQLite, whose files are its own
	full := func(size string) {
		if out, err := exec.Command("prlimit", "--pid", fmt.Sprint(s.cmd.Process.Pid), "--fsize="+size).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	full("1:unlimited")
	if status, _ := s.post("/register", registration); status < 500 {
		t.Errorf("with no room on the disk, signing up answers %d", status)
	}
	if status, _ := s.get("/login"); status != 200 {
		t.Errorf("with no room on the disk, the login page answers %d", status)
	}
	full("unlimited:unlimited")
	if status, body := s.post("/register", registration); status != 200 || !strings.Contains(body, "Check your mail") {
		t.Errorf("with room again, signing up answers %d", status)
	}
}

// hasten makes waiting mail due at once.
func hasten(t *testing.T, dir string) {
	t.Helper()
	db, err := models.Open(databaseURL(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	if err := db.Exec("UPDATE outbox SET run_at = created_at").Error; err != nil {
		t.Fatal(err)
	}
}

// complete is all that production needs.
func complete(dir string) []string {
	return []string{"APP_ENV=production", "APP_URL=https://app.example.com", "DATABASE_URL=sqlite:" + filepath.Join(dir, "app.db"),
		"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7", "SMTP_URL=smtps://user:pass@mail.example.com:465", "MAIL_FROM=Acme <hello@example.com>", "TRUSTED_PROXIES=none"}
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

// Item 13: nobody is there before somebody signs up, and whose password everybody knows is never there in production.
func TestItem13NoAccountIsThereByDefault(t *testing.T) {
	dir := t.TempDir()
	if output, status := run(t, dir, complete(dir), "seed"); status != 1 || !strings.Contains(output, "development alone") {
		t.Errorf("status %d\n%s", status, output)
	}
	db, err := models.Open("sqlite:" + filepath.Join(dir, "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	var people int64
	if err := db.Table("users").Count(&people).Error; err != nil || people != 0 {
		t.Errorf("there are %d people (%v)", people, err)
	}
}

// Item 69: a header of any size is not read to its end.
func TestItem69AHugeHeaderIsRefused(t *testing.T) {
	s := start(t, t.TempDir())
	r, err := http.NewRequest(http.MethodGet, s.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{16 << 10: http.StatusOK, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r.Header.Set("X-Filler", strings.Repeat("x", size))
		answer, err := s.client.Do(r)
		if status, _ := s.read(answer, err); status != want {
			t.Errorf("%d bytes are answered %d", size, status)
		}
	}
}

// inProduction is the program in production, and who has just signed up there.
func inProduction(t *testing.T, dir, smtp string) *server {
	t.Helper()
	s := start(t, dir, append(complete(dir), "SMTP_URL="+smtp)...)
	r, err := http.NewRequest(http.MethodPost, s.url+"/register", strings.NewReader(registration.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "app.example.com"
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://app.example.com"}}
	answer, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing up answers %d:\n%s", answer.StatusCode, s.output)
	}
	return s
}

// Item 68: what was sent opens an account, and does not stay in the database.
func TestItem68InProductionMailIsWipedOnceItIsSent(t *testing.T) {
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	inProduction(t, dir, mailbox.URL().String())
	mailbox.Next(t, "ada@example.com")
	db, err := models.Open("sqlite:" + filepath.Join(dir, "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	var row models.OutboxMail
	for row.DoneAt == nil {
		if err := db.Take(&row).Error; err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(row.Payload) != 0 {
		t.Errorf("%d bytes of it are kept", len(row.Payload))
	}
}

// Item 70: on the way to another machine, without a password as well.
func TestItem70InProductionNoMailGoesInClear(t *testing.T) {
	elsewhere := awayFromHome(t)
	defer elsewhere.Close()
	said := make(chan string, 100)
	go func() {
		for {
			client, err := elsewhere.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(client, "220 mail.example.com\r\n")
			lines := bufio.NewScanner(client)
			for lines.Scan() {
				said <- lines.Text()
				fmt.Fprint(client, "250 ok\r\n") // no STARTTLS is offered
			}
			said <- "hung up"
		}
	}()
	inProduction(t, t.TempDir(), "smtp://"+elsewhere.Addr().String())
	for line := ""; line != "hung up"; {
		select {
		case line = <-said:
		case <-time.After(20 * time.Second):
			t.Fatal("nobody calls")
		}
		if strings.HasPrefix(line, "MAIL") {
			t.Fatalf("it goes on in clear: %s", line)
		}
	}
}

// awayFromHome listens at an address of this machine that is none of its own to itself.
func awayFromHome(t *testing.T) net.Listener {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if n, ok := address.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			listener, err := net.Listen("tcp", net.JoinHostPort(n.IP.String(), "0"))
			if err != nil {
				t.Fatal(err)
			}
			return listener
		}
	}
	t.Skip("this machine has no address but that of itself to itself")
	return nil
}

// Item 42: the development mailbox, which opens every account, is no part of production.
func TestItem42ProductionHasNoDevelopmentPages(t *testing.T) {
	dir := t.TempDir()
	output, status := run(t, dir, complete(dir), "routes")
	if status != 0 || strings.Contains(output, "/dev/") || !strings.Contains(output, "/dashboard") {
		t.Errorf("status %d\n%s", status, output)
	}
}
