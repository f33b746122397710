package apptest

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
)

// PasswordHash returns the hash of Password, which all users of a test share.
func PasswordHash() (string, error) { return passwordHash() }

var passwordHash = sync.OnceValues(func() (string, error) {
	return hash.New(hash.Cheap, 1, 1).Hash(context.Background(), Password)
})

// OnUser calls do for each user that LoggedOut and LoggedIn create. An Option of
// a feature uses it to give each user what the feature asks for at login.
func (app *App) OnUser(do func(*models.User)) { app.onUser = append(app.onUser, do) }

// LoggedOut creates a user and returns a browser of theirs, which is not logged
// in.
func (app *App) LoggedOut(email string) *Browser {
	app.T.Helper()
	name, _, _ := strings.Cut(email, "@")
	hash, err := passwordHash()
	if err != nil {
		app.T.Fatal(err)
	}
	now := app.Clock.Now()
	user := models.User{ID: uuid.NewString(), Name: strings.ToUpper(name[:1]) + name[1:], Email: email,
		PasswordHash: hash, CreatedAt: now, UpdatedAt: now}
	if err := app.DB.Create(&user).Error; err != nil {
		app.T.Fatal(err)
	}
	for _, do := range app.onUser {
		do(&user)
	}
	return app.BrowserOf(email)
}

// LoggedIn creates a user and returns a browser of theirs, logged in.
func (app *App) LoggedIn(email string) *Browser {
	app.T.Helper()
	b := app.LoggedOut(email)
	b.MarkKnown()
	b.StartLogin()
	return b
}

// MarkKnown makes the browser one that the user has logged in with before.
func (b *Browser) MarkKnown() {
	b.App.T.Helper()
	token, now := uuid.NewString(), b.App.Clock.Now()
	hash := sha256.Sum256([]byte(token))
	device := models.KnownDevice{ID: uuid.NewString(), UserID: b.User().ID, TokenHash: hash[:], CreatedAt: now, LastSeenAt: now}
	if err := models.SaveKnownDevice(b.App.DB, device); err != nil {
		b.App.T.Fatal(err)
	}
	b.SetCookies(map[session.Cookie]string{session.Device: token})
}

// StartLogin does what a login with the right password does, without checking
// one. If the user has a second factor, the login is pending afterwards.
func (b *Browser) StartLogin() {
	b.App.T.Helper()
	r := httptest.NewRequest(http.MethodPost, "/login", nil)
	for _, cookie := range b.Client.Jar.Cookies(b.App.Config.AppURL) {
		r.AddCookie(cookie)
	}
	device := session.New(b.App.Config.SecretKeys, b.App.Config.CookiePrefix()).Get(r, session.Device)
	result, err := b.App.Auth.Login(b.App.T.Context(), b.User(), auth.Authentication{Method: "password"},
		auth.Browser{Device: device}, auth.Client{IP: netip.MustParseAddr(b.IP), UserAgent: b.UserAgent})
	if err != nil {
		b.App.T.Fatal(err)
	}
	b.SetCookies(map[session.Cookie]string{session.Session: result.Session, session.Device: result.Device,
		session.PendingLogin: result.Browser.PendingLogin})
}

// Reauthenticated returns the browser after it has marked the user's sessions
// as just authenticated with two factors.
func (b *Browser) Reauthenticated() *Browser {
	b.App.T.Helper()
	changes := map[string]any{"authenticated_at": b.App.Clock.Now().UTC().Truncate(time.Microsecond), "aal": 2}
	if err := b.App.DB.Model(&models.Session{}).Where("user_id = ?", b.User().ID).Updates(changes).Error; err != nil {
		b.App.T.Fatal(err)
	}
	return b
}

// Actor returns the user of the browser as queries on owned tables take it,
// outside of a request.
func (b *Browser) Actor() *models.Actor {
	b.App.T.Helper()
	return models.ActorFor(b.User())
}

// User returns the row of the browser's user.
func (b *Browser) User() *models.User {
	b.App.T.Helper()
	user, err := models.FindUserByEmail(b.App.DB, b.Email)
	if err != nil {
		b.App.T.Fatalf("finding the user %s: %v; create one with app.LoggedIn or app.LoggedOut", b.Email, err)
	}
	return &user
}

// RowID returns the id of one of the user's rows in a table, "" for none.
func (b *Browser) RowID(table string) (id string) {
	b.App.T.Helper()
	owned := models.Unscoped(b.App.DB).Table(table).Where("user_id = ?", b.User().ID)
	if err := owned.Limit(1).Pluck("id", &id).Error; err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// SignUp registers a user, opens the mailed link and confirms the address.
func (b *Browser) SignUp(name, email, password string) *Page {
	b.App.T.Helper()
	b.Email = email
	b.Post("/register", "name", name, "email", email, "password", password).WantRedirect(b.App.T, "/register/sent")
	return b.Get(b.Mail().Link).Submit()
}

// Login sends the login form with the user's address.
func (b *Browser) Login(password string) *Page {
	b.App.T.Helper()
	return b.Post("/login", "email", b.Email, "password", password)
}

// ResetPassword requests a mailed link and sets the password with it.
func (b *Browser) ResetPassword(password string) {
	b.App.T.Helper()
	b.Post("/password/forgot", "email", b.Email).WantStatus(b.App.T, http.StatusSeeOther)
	for {
		if link := b.Mail().Link; strings.Contains(link, "/password/reset") {
			b.Get(link).Submit("password", password).WantRedirect(b.App.T, "/login")
			return
		}
	}
}

// ChooseOtherPassword follows a redirect to the page that asks for a new
// password, as after a mailed link, and chooses OtherPassword there.
func (p *Page) ChooseOtherPassword(t *testing.T) *Page {
	t.Helper()
	return p.WantRedirect(t, "/login/password").Submit("password", OtherPassword).WantRedirect(t, "/login")
}

// PostAfterIdle lets the session expire and posts a new name. It returns the page
// that asks the user to log in, and keeps what was typed.
func (b *Browser) PostAfterIdle() (login *Page) {
	b.App.T.Helper()
	b.App.Clock.Advance(b.App.Config.SessionIdle)
	return b.Post("/account", "name", "Ada Lovelace").WantStatus(b.App.T, http.StatusUnauthorized)
}

// Grant gives the browser's user a role, as the command "user grant" does.
func (b *Browser) Grant(role string) *Browser {
	b.App.T.Helper()
	if _, err := b.App.Auth.GrantRole(b.App.T.Context(), b.Email, role); err != nil {
		b.App.T.Fatal(err)
	}
	return b
}

// Revoke takes a role from the browser's user.
func (b *Browser) Revoke(role string) {
	b.App.T.Helper()
	if _, err := b.App.Auth.RevokeRole(b.App.T.Context(), b.Email, role); err != nil {
		b.App.T.Fatal(err)
	}
}
