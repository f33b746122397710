package handlers_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// successors gives the present name of each table and column that was renamed
// since the earlier version.
var successors = map[string]string{
	"sign_ins":   "pending_logins",
	"generation": "credential_version",
	"level":      "aal",
	"proved_at":  "authenticated_at",
}

// rewritten gives the present values of a column whose values were renamed.
var rewritten = map[string]*strings.Replacer{
	"events.name": strings.NewReplacer("sign_in.", "login.", "session.proved", "session.reauthenticated",
		"account.disowned", "account.compromise_reported"),
	"events.detail": strings.NewReplacer(`\"owes\":`, `\"step\":`),
	"outbox.kind":   strings.NewReplacer("email_kept", "email_reserved"),
}

// earlier is the application on a database that an earlier version filled, a
// second after that version stopped.
type earlier struct {
	*stage
	password string // of every user
	known    map[string]knowledge
}

// knowledge is what a user, with mailbox and browser, had from that version.
type knowledge struct {
	IP      string
	Cookies map[string]string // values by name without prefix
	Links   map[string]string // paths of mailed links
	Secrets map[string]string // whatever else opens something
}

// newEarlier migrates a copy of that database and starts the application on it.
func newEarlier(t *testing.T, changes ...func(*config.Config)) *earlier {
	t.Helper()
	t.Parallel()
	databaseURL, text := modelstest.Earlier(t)
	var known struct {
		Made     time.Time
		Password string
		People   map[string]knowledge
	}
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	db := openDatabase(t, databaseURL)
	migrate(t, db)
	https := func(c *config.Config) { c.AppURL.Scheme, c.Production = "https", true }
	s := newStageAt(t, db, &clock{start: known.Made}, slices.Concat(changes, []func(*config.Config){https})...)
	return &earlier{s, known.Password, known.People}
}

func openDatabase(t *testing.T, databaseURL string) *gorm.DB {
	t.Helper()
	db, err := models.Open(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close(db) })
	return db
}

func migrate(t *testing.T, db *gorm.DB) {
	t.Helper()
	if _, err := models.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}

// browser is the one in which the user last used the earlier version.
func (e *earlier) browser(email string) (*person, knowledge) {
	e.t.Helper()
	known, ok := e.known[email]
	if !ok {
		e.t.Fatalf("the earlier version knew nobody with the address %s", email)
	}
	p := e.visitorAs(email)
	p.ip = cmp.Or(known.IP, p.ip)
	var cookies []*http.Cookie
	for name, value := range known.Cookies {
		cookies = append(cookies, signedAsEarlier(e.config.SecretKeys[0], "__Host-"+name, value))
	}
	p.client.Jar.SetCookies(e.config.AppURL, cookies)
	return p, known
}

// signedAsEarlier signs a cookie as earlier versions did (gorilla/securecookie
// with a hash key alone). The stored signatures would be too old some day.
func signedAsEarlier(key, name, value string) *http.Cookie {
	encoded := base64.URLEncoding.EncodeToString([]byte(value))
	text := fmt.Sprintf("%s|%d|%s", name, time.Now().Unix(), encoded)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	signed := append([]byte(text+"|"), mac.Sum(nil)...)[len(name)+1:]
	return &http.Cookie{Name: name, Value: base64.URLEncoding.EncodeToString(signed), Path: "/", Secure: true}
}

// elsewhere is a new browser of somebody who knows the user's password.
func (e *earlier) elsewhere(email string) *page {
	e.t.Helper()
	return e.visitorAs(email).login(e.password)
}

// contents returns every value in the database, by table, row id and column.
func contents(t *testing.T, db *gorm.DB) map[string]map[string]map[string]string {
	t.Helper()
	tables, err := db.Migrator().GetTables()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]map[string]string{}
	for _, table := range tables {
		if strings.HasPrefix(table, "goose_") || strings.HasPrefix(table, "sqlite_") {
			continue
		}
		var rows []map[string]any
		if err := models.Unscoped(db).Table(table).Find(&rows).Error; err != nil {
			t.Fatal(err)
		}
		all[table] = map[string]map[string]string{}
		for _, row := range rows {
			columns := map[string]string{}
			for column, value := range row {
				columns[column] = textOf(value)
			}
			all[table][columns["id"]] = columns
		}
	}
	return all
}

// Migrations run over the rows of earlier versions, and lose none of them.
func TestEarlierDatabase_KeepsEveryValue(t *testing.T) {
	t.Parallel()
	databaseURL, _ := modelstest.Earlier(t)
	before := contents(t, openDatabase(t, databaseURL))
	db := openDatabase(t, databaseURL) // PostgreSQL's plans for the former tables are the other connection's
	migrate(t, db)
	after := contents(t, db)
	for table, rows := range before {
		if len(rows) == 0 {
			t.Errorf("the earlier version had no row in %s, want one", table)
		}
		now := successor(after, table)
		for id, row := range rows {
			if now[id] == nil {
				t.Errorf("the row %s of %s is gone", id, table)
				continue
			}
			sameValues(t, table, row, now[id])
		}
	}
}

// sameValues fails where a migrated row lacks a value that it had in table.
func sameValues(t *testing.T, table string, before, after map[string]string) {
	t.Helper()
	for column, want := range before {
		if rewrite := rewritten[table+"."+column]; rewrite != nil {
			want = rewrite.Replace(want)
		}
		if got := successor(after, column); got != want {
			t.Errorf("%s.%s is %s after the migrations, want %s; if it was renamed, add it to successors", table, column, got, want)
		}
	}
}

// successor returns what is found under the present name. A migration that
// renames does not run in a program without the feature that it belongs to.
func successor[V any](found map[string]V, name string) V {
	if value, ok := found[successors[name]]; ok {
		return value
	}
	return found[name]
}

func TestEarlierDatabase_OpensWithEverythingIntact(t *testing.T) {
	for name, story := range map[string]func(*testing.T, *earlier){
		"sessions":           earlierSessions,
		"passwords":          earlierPasswords,
		"expired password":   earlierExpiredPassword,
		"password reset":     earlierReset,
		"change of address":  earlierEmailChange,
		"former address":     earlierFormerEmail,
		"security alerts":    earlierAlerts,
		"scheduled deletion": earlierDeletion,
		"account recovery":   earlierRecovery,
		"waiting mail":       earlierMail,
		"limits":             earlierLimits,
		"used link":          earlierUsedLink,
		"preferences":        earlierPreferences,
		"activity":           earlierActivity,
	} {
		t.Run(name, func(t *testing.T) { story(t, newEarlier(t)) })
	}
}

func earlierSessions(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	grace, _ := e.browser("grace@example.com")
	ada.get("/dashboard").is(t, 200).says(t, "Hello, Ada")
	ada.post("/account", "name", "Ada King").redirects(t, "/account").says(t, "Ada King")
	grace.get("/dashboard").is(t, 200).says(t, "Hello, Grace")
	e.clock.passes(idle + time.Hour)
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	grace.get("/dashboard").is(t, 200) // it is remembered
}

func earlierPasswords(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	ada.post("/logout")
	ada.login(otherPassword).is(t, 422)
	ada.login(e.password).redirects(t, "/dashboard").says(t, "Hello, Ada")
	e.clock.passes(time.Minute)
	e.outbox.Wake()
	e.mailIsSent()
	if told := e.mailbox.To(ada.email); len(told) > 0 {
		t.Errorf("a login on a known device is told of in %q, want no mail", told[0].Subject)
	}
	e.elsewhere(ada.email).redirects(t, "/dashboard")
	ada.notice()
}

func earlierExpiredPassword(t *testing.T, e *earlier) {
	mary, _ := e.browser("mary@example.com")
	mary.get("/dashboard").is(t, 303)
	mary.login(e.password).is(t, 422)
	mary.resets(otherPassword)
	mary.login(otherPassword).redirects(t, "/dashboard")
}

func earlierReset(t *testing.T, e *earlier) {
	barbara, known := e.browser("barbara@example.com")
	barbara.get(known.Links["reset"]).submit("password", otherPassword).redirects(t, "/login")
	barbara.login(e.password).is(t, 422)
	barbara.login(otherPassword).redirects(t, "/dashboard")
}

func earlierEmailChange(t *testing.T, e *earlier) {
	dorothy, known := e.browser("dorothy@example.com")
	e.visitor().get(known.Links["confirm"]).submit().redirects(t, "/login")
	e.visitor().get(known.Links["approve"]).submit().redirects(t, "/login")
	dorothy.get("/dashboard").is(t, 200).says(t, "dorothy.new@example.com")
	e.elsewhere("dorothy.new@example.com").redirects(t, "/dashboard")
}

func earlierFormerEmail(t *testing.T, e *earlier) {
	edith, known := e.browser("edith.new@example.com")
	edith.get("/dashboard").is(t, 200)
	e.visitor().get(known.Links["undo"]).submit().choosesAnotherPassword(t)
	edith.get("/dashboard").is(t, 303)
	e.visitorAs("edith@example.com").login(otherPassword).redirects(t, "/dashboard")
}

func earlierAlerts(t *testing.T, e *earlier) {
	frances, known := e.browser("frances@example.com")
	e.visitor().get(frances.folded().Link).is(t, 200).says(t, frances.email)
	frances.get("/dashboard").is(t, 200)
	e.visitor().get(known.Links["alert"]).submit().choosesAnotherPassword(t)
	frances.get("/dashboard").is(t, 303)
	frances.login(otherPassword).redirects(t, "/dashboard")
}

func earlierDeletion(t *testing.T, e *earlier) {
	joan, known := e.browser("joan@example.com")
	joan.login(e.password).is(t, 422)
	e.visitor().get(known.Links["restore"]).submit().redirects(t, "/login")
	joan.login(e.password).redirects(t, "/dashboard")
}

func earlierRecovery(t *testing.T, e *earlier) {
	katherine, known := e.browser("katherine@example.com")
	e.visitor().get(known.Links["recover"]).submit().redirects(t, "/login")
	katherine.login(e.password).redirects(t, "/dashboard")
}

func earlierMail(t *testing.T, e *earlier) {
	radia, _ := e.browser("radia@example.com")
	e.clock.passes(time.Minute) // the earlier version had tried once
	e.outbox.Wake()
	radia.get(radia.mail().Link).submit().redirects(t, "/dashboard").says(t, "Hello, Radia")
	radia.post("/logout")
	radia.login(e.password).redirects(t, "/dashboard")
}

func earlierLimits(t *testing.T, e *earlier) {
	lois, _ := e.browser("lois@example.com")
	lois.login(e.password).is(t, http.StatusTooManyRequests)
	e.clock.passes(15 * time.Minute)
	lois.login(e.password).redirects(t, "/dashboard")
}

func earlierUsedLink(t *testing.T, e *earlier) {
	ada, known := e.browser("ada@example.com")
	ada.get(known.Links["used"]).redirects(t, "/login").redirects(t, "/dashboard")
}

func earlierPreferences(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	page := ada.get("/account/preferences").is(t, 200)
	if got := page.root("data-theme"); got != "dark" {
		t.Errorf("the theme is %q, want dark", got)
	}
	page.says(t, "13:02 CET") // 12:02 UTC
}

func earlierActivity(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	for _, kind := range []string{"log-ins", "changes"} {
		if told := ada.get("/account/activity?kind="+kind).is(t, 200).told(); len(told) == 0 {
			t.Errorf("the activity page lists no %s, want one", kind)
		}
	}
}

// Cleanup deletes what the earlier version left to it.
func TestEarlierDatabase_IsCleanedUp(t *testing.T) {
	e := newEarlier(t)
	joan := e.visitorAs("joan@example.com")
	e.cleanups()
	joan.login(e.password).is(t, 422)
	if n := e.count("users", "email = ?", joan.email); n != 0 {
		t.Errorf("%d accounts of %s are left after the cleanup, want none", n, joan.email)
	}
	e.elsewhere("ada@example.com").redirects(t, "/dashboard").says(t, "Hello, Ada")
}
