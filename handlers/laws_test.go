package handlers_test

import (
	"testing"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
)

// This file tells the laws about the product: its public routes, its guards, and
// samples of its pages and rows. A law that lacks something says what to add to
// which function here.

func site() apptest.Site {
	return apptest.Site{File: "handlers/laws_test.go", Options: allSteps(), Public: publicRoutes(), Guards: guards(),
		Pages: samplePages(), Rows: sampleRows()}
}

func TestLaw_SiteDeclaresEverything(t *testing.T)  { site().DeclaresEverything(t) }
func TestLaw_EveryPageOpens(t *testing.T)          { site().OpensEveryPage(t) }
func TestLaw_RoutesAskForLogin(t *testing.T)       { site().RoutesAskForLogin(t) }
func TestLaw_PublicRoutesExist(t *testing.T)       { site().PublicRoutesExist(t) }
func TestLaw_LinksLeadToRoutes(t *testing.T)       { site().LinksLeadToRoutes(t) }
func TestLaw_LayoutsFollowGuards(t *testing.T)     { site().LayoutsFollowGuards(t) }
func TestLaw_GetsChangeNoRow(t *testing.T)         { site().GetsChangeNoRow(t) }
func TestLaw_PostsRequireForms(t *testing.T)       { site().PostsRequireForms(t) }
func TestLaw_PermissionsGuardRoutes(t *testing.T)  { site().PermissionsGuardRoutes(t) }
func TestLaw_PostsRefuseOtherOrigins(t *testing.T) { site().PostsRefuseOtherOrigins(t) }

// publicRoutes returns the routes that answer visitors. Every other route asks
// for login.
func publicRoutes() []string {
	return []string{
		"GET /", "GET /healthz", "GET /readyz", "GET /assets/*", "GET /.well-known/change-password",
		"GET /.well-known/passkey-endpoints", // feature:passkeys
		"GET /login", "POST /login", "POST /logout",
		"GET /register", "POST /register", "GET /register/sent", "POST /register/resend", "POST /register/correct",
		"GET /email/confirm", "POST /email/confirm",
		"GET /password/forgot", "POST /password/forgot", "GET /password/forgot/sent", "GET /password/reset", "POST /password/reset",
		"GET /security-alert", "POST /security-alert",
		"GET /terms", // feature:terms
		"GET /account/restore", "POST /account/restore",
		"GET /email/change", "POST /email/change", "GET /email/undo", "POST /email/undo",
		"GET /account-recovery", "POST /account-recovery",
		"GET /login/mail", "POST /login/mail", "GET /login/mail/sent", // feature:mail_login
		"POST /login/mail/sent", "GET /login/mail/confirm", "POST /login/mail/confirm", // feature:mail_login
		"POST /login/passkey", "POST /login/passkey/options", // feature:passkeys
		// In development alone:
		"GET /dev/mail", "GET /dev/mail/:id", "GET /dev/mail/:id/html",
		"GET /dev/mail/previews", "GET /dev/mail/previews/:kind", "GET /dev/mail/previews/:kind/html",
		"GET /dev/ui", "GET /dev/ui/:part", "POST /dev/ui/:part",
	}
}

// guards returns, by guard, the layouts of its pages and a browser that it lets
// through.
func guards() map[string]apptest.Guard {
	guest := []string{"guest"}
	all := map[string]apptest.Guard{
		"anyone":               {Layouts: []string{"site", "guest"}, Browser: (*apptest.App).Browser},
		"logged out":           {Layouts: guest, Browser: registering},
		"logged in":            {Layouts: []string{"app"}, Browser: func(app *apptest.App) *apptest.Browser { return app.LoggedIn("ada@example.com") }},
		"private network":      {Layouts: []string{"site", "guest"}, Browser: (*apptest.App).LocalBrowser},
		"needs a new password": {Layouts: guest, Browser: atNewPassword},
		"needs a second factor": {Layouts: guest, Browser: func(app *apptest.App) *apptest.Browser {
			if len(secondFactors()) == 0 {
				return nil
			}
			grace, _ := atSecondFactor(app, "grace@example.com")
			return grace
		}},
		"needs accepted terms": {Layouts: guest, Browser: func(app *apptest.App) *apptest.Browser { return atTerms(app, "barbara@example.com") }}, // feature:terms
	}
	for _, role := range auth.Roles() {
		for _, permission := range role.Permissions {
			all["may "+string(permission)] = apptest.Guard{Layouts: []string{"app"}, Browser: func(app *apptest.App) *apptest.Browser {
				return app.LoggedIn(string(permission) + "@example.com").Grant(role.Name)
			}}
		}
	}
	return all
}

// samplePages returns the address of a page by route path, for routes whose path
// alone does not open one. Pages below a table's name, such as /notes/:id, get
// their id from sampleRows.
func samplePages() map[string]func(*apptest.Tour) string {
	sample := func(link func(*apptest.App) string) func(*apptest.Tour) string {
		return func(tour *apptest.Tour) string { return link(tour.App) }
	}
	return map[string]func(*apptest.Tour) string{
		"/healthz":                       nil,
		"/readyz":                        nil,
		"/assets/*":                      nil,
		"/.well-known/change-password":   nil,
		"/.well-known/passkey-endpoints": nil, // feature:passkeys
		"/email/confirm":                 func(tour *apptest.Tour) string { return tour.Behind("logged out").Mail().Link },
		"/login/mail/confirm":            mailLoginPage, // feature:mail_login
		"/account/picture/image":         avatarPage,    // feature:profile_picture
		"/password/reset": sample(func(app *apptest.App) string {
			mary := app.LoggedIn("mary@example.com")
			mary.Post("/password/forgot", "email", mary.Email)
			return mary.Mail().Link
		}),
		"/email/change": sample(func(app *apptest.App) string {
			confirm, _ := requestEmailChange(app.LoggedIn("edith@example.com"), "edith@example.org")
			return confirm
		}),
		"/email/undo": sample(func(app *apptest.App) string {
			return changeEmail(app.LoggedIn("hedy@example.com"), "hedy@example.org")
		}),
		"/security-alert":               sample(func(app *apptest.App) string { return alertedUser(app, "joan@example.com").Mail().Link }),
		"/account/restore":              sample(func(app *apptest.App) string { return deleteAccount(app.LoggedIn("edsger@example.com")).Link }),
		"/account-recovery":             sample(func(app *apptest.App) string { return recoveryLink(app, app.T) }),
		"/dev/mail/:id":                 sample(func(app *apptest.App) string { return app.LocalBrowser().Get("/dev/mail").Rows()[0] }),
		"/dev/mail/:id/html":            sample(func(app *apptest.App) string { return app.LocalBrowser().Get("/dev/mail").Rows()[0] + "/html" }),
		"/dev/mail/previews/:kind":      sample(func(*apptest.App) string { return "/dev/mail/previews/confirm_address" }),
		"/dev/mail/previews/:kind/html": sample(func(*apptest.App) string { return "/dev/mail/previews/confirm_address/html" }),
		"/dev/ui/:part":                 sample(func(*apptest.App) string { return "/dev/ui/forms" }),
	}
}

// sampleRows returns, by owned table, a function that gives a user a row and
// returns its id.
func sampleRows() map[string]func(*apptest.Browser) string {
	return map[string]func(*apptest.Browser) string{
		"sessions":      func(b *apptest.Browser) string { return b.RowID("sessions") },
		"known_devices": func(b *apptest.Browser) string { return b.RowID("known_devices") },
		"password_resets": func(b *apptest.Browser) string {
			b.Post("/password/forgot", "email", b.Email)
			b.Mail()
			return b.RowID("password_resets")
		},
		"email_changes": func(b *apptest.Browser) string { requestEmailChange(b, "a-"+b.Email); return b.RowID("email_changes") },
		"former_emails": func(b *apptest.Browser) string { return formerEmailID(b) },
		"security_alerts": func(b *apptest.Browser) string {
			b.Post("/account/security", "current_password", apptest.Password, "password", apptest.Password)
			b.Mail()
			return b.RowID("security_alerts")
		},
		"account_deletions":  func(b *apptest.Browser) string { return undoneDeletionID(b) },
		"account_recoveries": func(b *apptest.Browser) string { return unusedRecoveryID(b) },
		"pending_logins":     func(b *apptest.Browser) string { return unfinishedLoginID(b) },
		"authenticators":     func(b *apptest.Browser) string { addTOTP(b); return b.RowID("authenticators") },        // feature:totp
		"recovery_codes":     func(b *apptest.Browser) string { return recoveryCodeID(b) },                            // feature:recovery_codes
		"mail_logins":        func(b *apptest.Browser) string { return unusedMailLoginID(b) },                         // feature:mail_login
		"passkey_owners":     func(b *apptest.Browser) string { addPasskey(b); return b.RowID("passkey_owners") },     // feature:passkeys
		"passkeys":           func(b *apptest.Browser) string { return b.RowID("passkeys") },                          // feature:passkeys
		"profile_pictures":   func(b *apptest.Browser) string { uploadAvatar(b); return b.RowID("profile_pictures") }, // feature:profile_picture
		"user_roles": func(b *apptest.Browser) string {
			return b.Grant(auth.Roles()[0].Name).RowID("user_roles")
		},
		"preferences": func(b *apptest.Browser) string {
			setPreferences(b, "light", "en-GB", "Europe/Paris")
			return b.RowID("preferences")
		},
		"trusted_devices": func(b *apptest.Browser) string { return trustedDeviceID(b) }, // feature:trusted_devices
		"accepted_terms":  func(b *apptest.Browser) string { return acceptedTermsID(b) }, // feature:terms
		"events":          func(b *apptest.Browser) string { return b.RowID("events") },
		"notes":           func(b *apptest.Browser) string { return noteWithImage(b) },                         // feature:notes
		"note_images":     func(b *apptest.Browser) string { noteWithImage(b); return b.RowID("note_images") }, // feature:notes
	}
}

// registering returns a browser whose user has not confirmed the address yet.
func registering(app *apptest.App) *apptest.Browser {
	b := app.BrowserOf("new@example.com")
	b.Post("/register", "name", "New", "email", b.Email, "password", apptest.Password).WantRedirect(app.T, "/register/sent")
	return b
}
