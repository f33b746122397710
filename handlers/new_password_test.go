package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
)

// wantPassword gives the user a password past the rules, as an import does.
func wantPassword(b *apptest.Browser, password string) {
	b.App.T.Helper()
	hash, err := hash.New(hash.Cheap, 1, 1).Hash(b.App.T.Context(), password)
	if err != nil {
		b.App.T.Fatal(err)
	}
	b.App.Exec("UPDATE users SET password_hash = ? WHERE email = ?", hash, b.Email)
}

// A password that could not be chosen any more lets nobody in before there is another.
func TestAPasswordThatNoLongerMeetsTheRulesIsReplacedAtTheLogIn(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.PasswordMin = 20 })
	ada := app.LoggedOut("ada@example.com")
	for _, weak := range []string{"passwordpassword1234", "nine lamps hum"} {
		wantPassword(ada, weak)
		ada.Get("/account/sessions").WantRedirect(t, "/login?next=%2Faccount%2Fsessions")
		asked := ada.Post("/login", "email", ada.Email, "password", weak, "next", "/account/sessions").
			WantRedirect(t, "/login/password?next=%2Faccount%2Fsessions").WantText(t, "no longer meets the rules")
		ada.Get("/dashboard").WantStatus(t, 303)
		asked.Submit("password", weak).WantStatus(t, 422)
		asked.Submit("password", apptest.Password).WantRedirect(t, "/account/sessions")
		if told := ada.Mail(); !strings.Contains(told.Subject, "password was changed") {
			t.Errorf("the owner is told %q", told.Subject)
		}
		ada.Post("/logout")
		ada.Login(weak).WantStatus(t, 422)
		ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
		ada.Post("/logout")
	}
}

// Item 46: what is owed is owed on every way in, and a wrong password tells nothing of it.
func TestItem46ANewPasswordIsOwedUntilItIsThere(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	wantPassword(ada, "ada1815ada1815ada")
	ada.Login("ada1815ada1815adb").WantStatus(t, 422)
	ada.Login("ada1815ada1815ada").WantRedirect(t, "/login/password")
	if _, err := app.Auth.Login(t.Context(), ada.User(), auth.Authentication{Method: "somehow"}, auth.Browser{}, auth.Client{}); err != nil {
		t.Fatal(err)
	}
	if n := app.Count("sessions", "1=1"); n != 0 {
		t.Errorf("there are %d sessions", n)
	}
}

// The second factor comes first: who only knows the password chooses no other.
func TestTheSecondFactorComesBeforeTheNewPassword(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	wantPassword(ada, "ada1815ada1815ada")
	ada.Login("ada1815ada1815ada").WantRedirect(t, "/login/factor")
	ada.Post("/login/password", "password", apptest.OtherPassword).WantRedirect(t, "/login")
	asked := ada.Login("ada1815ada1815ada").WantRedirect(t, "/login/factor")
	asked.Answer(factor).WantRedirect(t, "/login/password").Submit("password", apptest.OtherPassword).
		WantRedirect(t, "/dashboard")
}

// Whoever runs the application has a password replaced, without seeing or setting one.
func TestAnExpiredPasswordIsReplacedByMailAlone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if err := app.Auth.ExpirePassword(t.Context(), " Ada@Example.com "); err != nil {
		t.Fatal(err)
	}
	told := ada.Mail()
	if !strings.Contains(told.Subject, "Choose a new password") {
		t.Errorf("she is mailed %q", told.Subject)
	}
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.OtherBrowser().Login(apptest.Password).WantStatus(t, 422) // whoever else knows it is not the one to choose
	ada.Get(told.Link).Submit("email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	app.WantEvents("password.expired")
}

// Since when a locked account was not its owner's is what tells the owner's factors from an attacker's.
func TestAnAccountThatIsLockedIsNotLockedAnew(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/password")
	since := ada.User().PasswordDueAt
	app.Clock.Advance(time.Hour)
	if err := app.Auth.ExpirePassword(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	if now := ada.User().PasswordDueAt; since == nil || now == nil || !now.Equal(*since) {
		t.Errorf("it is locked since %v, and was since %v", now, since)
	}
}

func TestWhatSomebodyWasSendingSurvivesThatTheirAccountChanges(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	wantPassword(ada, "short")
	owed := ada.PostAfterIdle().Submit("email", ada.Email, "password", "short").WantStatus(t, 401)
	fields := url.Values{"password": {apptest.OtherPassword}, "kept": {apptest.Attr(owed.Input("kept"), "value")}}
	hash, err := apptest.PasswordHash()
	if err != nil {
		t.Fatal(err)
	}
	var again *apptest.Page
	app.Overtake(func() {
		var err error
		if again, err = ada.Try(http.MethodPost, "/login/password", fields); err != nil {
			t.Error(err)
		}
	}, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE users SET password_hash = ?, password_due_at = NULL", hash).Error
	})
	again.WantStatus(t, 422).WantText(t, "just changed", "still there").
		Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, 200).
		WantText(t, "You are back", "Ada Lovelace")
}

// Item 67: a new password whose sending began before the owner set up a second factor is none after it.
func TestItem67AnOwedPasswordHeldBackIsNoWayRoundASecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Exec("UPDATE users SET password_due_at = ?", app.Clock.Now())
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/login/password")
	finish := attacker.BeginPost("/login/password", "password", "the attacker chose this one")
	addSecondFactor(ada)
	finish().WantRedirect(t, "/login")
	ada.Get("/dashboard").WantStatus(t, 200)
	if n := app.Count("events", "name = 'password.changed'"); n != 0 {
		t.Error("the attacker has changed the password")
	}
}

// An account that is locked already is rid of whoever has not finished logging in, and stays locked since when it was.
func TestAPasswordIsMadeVoidOnceMore(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	asked := ada.OtherBrowser().Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/password")
	since := ada.User().PasswordDueAt
	if err := app.Auth.ExpirePassword(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	asked.Submit("password", apptest.Password).WantRedirect(t, "/login")
	if due := ada.User().PasswordDueAt; due == nil || !due.Equal(*since) || app.Count("events", "name = 'password.reset'") != 0 {
		t.Errorf("it is locked since %v, and was since %v", due, since)
	}
}

// Item 7: wherever a password is chosen it is none that is about its owner, or the application.
func TestItem7APasswordIsNotAboutItsOwnerOrTheApplication(t *testing.T) {
	for _, password := range []string{"ada lovelace lovelace ada", "ada.byron@example.com!", "boathouse boathouse 2026"} {
		for how, chooses := range map[string]func(app *apptest.App, b *apptest.Browser) *apptest.Page{
			"sign-up": func(app *apptest.App, _ *apptest.Browser) *apptest.Page {
				return app.Browser().
					Post("/register", "name", "Ada Lovelace", "email", "ada.byron@example.com", "password", password)
			},
			"change": func(_ *apptest.App, b *apptest.Browser) *apptest.Page {
				return b.Post("/account/security", "current_password", apptest.Password, "password", password)
			},
			"reset": func(_ *apptest.App, b *apptest.Browser) *apptest.Page {
				b.Post("/password/forgot", "email", b.Email)
				return b.Get(b.Mail().Link).Submit("password", password)
			},
			"what is owed": func(app *apptest.App, b *apptest.Browser) *apptest.Page {
				app.Exec("UPDATE users SET password_due_at = ?", app.Clock.Now())
				return b.OtherBrowser().Login(apptest.Password).WantRedirect(app.T, "/login/password").
					Submit("password", password)
			},
		} {
			t.Run(how+" "+password, func(t *testing.T) {
				app := apptest.New(t, apptest.Named("The Boathouse"))
				ada := app.LoggedIn("ada.byron@example.com")
				app.Exec("UPDATE users SET name = 'Ada Lovelace'")
				chooses(app, ada).WantStatus(t, http.StatusUnprocessableEntity).
					WantText(t, "your name, your email address or the name of this site")
			})
		}
	}
}
