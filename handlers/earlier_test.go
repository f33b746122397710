package handlers_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
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
	"trust":      "options",
}

// moved gives the present table of a column that has moved into one of its own,
// by the id of its row.
var moved = map[string]struct{ table, column string }{
	"registrations.terms_version": {"registration_terms", "version"},
}

// rewritten gives the present values of a column whose values were renamed.
var rewritten = map[string]*strings.Replacer{
	"events.name": strings.NewReplacer("sign_in.", "login.", "session.proved", "session.reauthenticated",
		"account.disowned", "account.compromise_reported"),
	"events.detail":  strings.NewReplacer(`\"owes\":`, `\"step\":`),
	"sign_ins.trust": strings.NewReplacer("false", "", "true", "trust"),
	"outbox.kind":    strings.NewReplacer("email_kept", "email_reserved"),
}

// earlier is the application on a database that an earlier version filled, a
// second after that version stopped.
type earlier struct {
	*apptest.App
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
func newEarlier(t *testing.T, changes ...apptest.Option) *earlier {
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
	then := func(app *apptest.App) {
		app.Config.AppURL.Scheme, app.Config.Production = "https", true
		app.Clock = apptest.NewClock(known.Made)
	}
	app := apptest.NewOn(t, db, slices.Concat(changes, []apptest.Option{then})...)
	return &earlier{app, known.Password, known.People}
}

func openDatabase(t *testing.T, databaseURL string) *gorm.DB {
	t.Helper()
	db, err := models.Open(databaseURL, models.Tables())
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
func (e *earlier) browser(email string) (*apptest.Browser, knowledge) {
	e.T.Helper()
	known, ok := e.known[email]
	if !ok {
		e.T.Fatalf("the earlier version knew nobody with the address %s", email)
	}
	b := e.BrowserOf(email)
	b.IP = cmp.Or(known.IP, b.IP)
	var cookies []*http.Cookie
	for name, value := range known.Cookies {
		cookies = append(cookies, signedAsEarlier(e.Config.SecretKeys[0], "__Host-"+name, value))
	}
	b.Client.Jar.SetCookies(e.Config.AppURL, cookies)
	return b, known
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
func (e *earlier) elsewhere(email string) *apptest.Page {
	e.T.Helper()
	return e.BrowserOf(email).Login(e.password)
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

// textOf returns a column's value as text.
func textOf(column any) string {
	value := reflect.ValueOf(column)
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	return fmt.Sprintf("%+q", fmt.Sprint(value))
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
		now := after[cmp.Or(successors[table], table)]
		for id, row := range rows {
			if now[id] == nil {
				t.Errorf("the row %s of %s is gone", id, table)
				continue
			}
			for column := range row {
				if to, ok := moved[table+"."+column]; ok && after[to.table] != nil {
					now[id][column] = after[to.table][id][to.column]
				}
			}
			sameValues(t, table, row, now[id])
		}
	}
}

// sameValues fails where a migrated row lacks a value that it had in table.
func sameValues(t *testing.T, table string, before, after map[string]string) {
	t.Helper()
	for column, want := range before {
		got, unchanged := after[column]
		if !unchanged {
			got = after[successors[column]]
		}
		// A migration that renames does not run in a program without its feature.
		if rewrite := rewritten[table+"."+column]; rewrite != nil && (!unchanged || successors[column] == "") {
			want = rewrite.Replace(want)
		}
		if got != want {
			t.Errorf("%s.%s is %s after the migrations, want %s; if it was renamed, add it to successors", table, column, got, want)
		}
	}
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
	ada.Get("/dashboard").WantStatus(t, 200).WantText(t, "Hello, Ada")
	ada.Post("/account", "name", "Ada King").WantRedirect(t, "/account").WantText(t, "Ada King")
	grace.Get("/dashboard").WantStatus(t, 200).WantText(t, "Hello, Grace")
	e.Clock.Advance(e.Config.SessionIdle + time.Hour)
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	grace.Get("/dashboard").WantStatus(t, 200) // it is remembered
}

func earlierPasswords(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	ada.Post("/logout")
	ada.Login(apptest.OtherPassword).WantStatus(t, 422)
	ada.Login(e.password).WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
	e.Clock.Advance(time.Minute)
	e.Outbox.Wake()
	e.WaitForMail()
	if told := e.Mailbox.To(ada.Email); len(told) > 0 {
		t.Errorf("a login on a known device is told of in %q, want no mail", told[0].Subject)
	}
	e.elsewhere(ada.Email).WantRedirect(t, "/dashboard")
	ada.NewDeviceMail()
}

func earlierExpiredPassword(t *testing.T, e *earlier) {
	mary, _ := e.browser("mary@example.com")
	mary.Get("/dashboard").WantStatus(t, 303)
	mary.Login(e.password).WantStatus(t, 422)
	mary.ResetPassword(apptest.OtherPassword)
	mary.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func earlierReset(t *testing.T, e *earlier) {
	barbara, known := e.browser("barbara@example.com")
	barbara.Get(known.Links["reset"]).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	barbara.Login(e.password).WantStatus(t, 422)
	barbara.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func earlierEmailChange(t *testing.T, e *earlier) {
	dorothy, known := e.browser("dorothy@example.com")
	e.Browser().Get(known.Links["confirm"]).Submit().WantRedirect(t, "/login")
	e.Browser().Get(known.Links["approve"]).Submit().WantRedirect(t, "/login")
	dorothy.Get("/dashboard").WantStatus(t, 200).WantText(t, "dorothy.new@example.com")
	e.elsewhere("dorothy.new@example.com").WantRedirect(t, "/dashboard")
}

func earlierFormerEmail(t *testing.T, e *earlier) {
	edith, known := e.browser("edith.new@example.com")
	edith.Get("/dashboard").WantStatus(t, 200)
	e.Browser().Get(known.Links["undo"]).Submit().ChooseOtherPassword(t)
	edith.Get("/dashboard").WantStatus(t, 303)
	e.BrowserOf("edith@example.com").Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func earlierAlerts(t *testing.T, e *earlier) {
	frances, known := e.browser("frances@example.com")
	e.Browser().Get(foldedMail(frances).Link).WantStatus(t, 200).WantText(t, frances.Email)
	frances.Get("/dashboard").WantStatus(t, 200)
	e.Browser().Get(known.Links["alert"]).Submit().ChooseOtherPassword(t)
	frances.Get("/dashboard").WantStatus(t, 303)
	frances.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func earlierDeletion(t *testing.T, e *earlier) {
	joan, known := e.browser("joan@example.com")
	joan.Login(e.password).WantStatus(t, 422)
	e.Browser().Get(known.Links["restore"]).Submit().WantRedirect(t, "/login")
	joan.Login(e.password).WantRedirect(t, "/dashboard")
}

func earlierRecovery(t *testing.T, e *earlier) {
	katherine, known := e.browser("katherine@example.com")
	e.Browser().Get(known.Links["recover"]).Submit().WantRedirect(t, "/login")
	katherine.Login(e.password).WantRedirect(t, "/dashboard")
}

func earlierMail(t *testing.T, e *earlier) {
	radia, _ := e.browser("radia@example.com")
	e.Clock.Advance(time.Minute) // the earlier version had tried once
	e.Outbox.Wake()
	radia.Get(radia.Mail().Link).Submit().WantRedirect(t, "/dashboard").WantText(t, "Hello, Radia")
	radia.Post("/logout")
	radia.Login(e.password).WantRedirect(t, "/dashboard")
}

func earlierLimits(t *testing.T, e *earlier) {
	lois, _ := e.browser("lois@example.com")
	lois.Login(e.password).WantStatus(t, http.StatusTooManyRequests)
	e.Clock.Advance(15 * time.Minute)
	lois.Login(e.password).WantRedirect(t, "/dashboard")
}

func earlierUsedLink(t *testing.T, e *earlier) {
	ada, known := e.browser("ada@example.com")
	ada.Get(known.Links["used"]).WantRedirect(t, "/login").WantRedirect(t, "/dashboard")
}

func earlierPreferences(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	page := ada.Get("/account/preferences").WantStatus(t, 200)
	if got := rootAttr(page, "data-theme"); got != "dark" {
		t.Errorf("the theme is %q, want dark", got)
	}
	page.WantText(t, "13:02 CET") // 12:02 UTC
}

func earlierActivity(t *testing.T, e *earlier) {
	ada, _ := e.browser("ada@example.com")
	for _, kind := range []string{"log-ins", "changes"} {
		if told := activitySentences(ada.Get("/account/activity?kind="+kind).WantStatus(t, 200)); len(told) == 0 {
			t.Errorf("the activity page lists no %s, want one", kind)
		}
	}
}

// Cleanup deletes what the earlier version left to it.
func TestEarlierDatabase_IsCleanedUp(t *testing.T) {
	e := newEarlier(t)
	joan := e.BrowserOf("joan@example.com")
	e.CleanupAfterWeek()
	joan.Login(e.password).WantStatus(t, 422)
	if n := e.Count("users", "email = ?", joan.Email); n != 0 {
		t.Errorf("%d accounts of %s are left after the cleanup, want none", n, joan.Email)
	}
	e.elsewhere("ada@example.com").WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
}
