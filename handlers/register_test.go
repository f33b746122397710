package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/web"
)

func TestSomebodySignsUpConfirmsAndIsIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200).
		WantText(t, "Ada")
	if ada.Cookie("registration") != "" {
		t.Error("the browser still carries its sign-up")
	}
	ada.Post("/logout").WantRedirect(t, "/login").WantText(t, "logged out")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200)
}

func TestAnAccountIsNotSignedInBeforeItsLinkIsConfirmed(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password).
		WantRedirect(t, "/register/sent").WantText(t, ada.Email)
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.Login(apptest.Password).WantStatus(t, 422).WantText(t, "don’t match", "open the link")
	if n := app.Count("users", "true"); n != 0 {
		t.Errorf("there are %d users before anybody confirmed", n)
	}
}

func TestTheAddressIsNormalizedOnceAndStoredAsChecked(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Post("/register", "name", "Ada", "email", "  Ada@EXAMPLE.com ", "password", apptest.Password).
		WantRedirect(t, "/register/sent").WantText(t, "ada@example.com")
	ada.Email = "ada@example.com"
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	ada.Email = "ADA@example.COM"
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 39: mail scanners open links and must not confirm anything.
func TestItem39OpeningAConfirmationLinkChangesNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	link := ada.Mail().Link
	app.Browser().ScanLinks(link)
	ada.Get(link).Submit().WantRedirect(t, "/dashboard")
}

func TestInAnotherBrowserTheLinkAsksForThePassword(t *testing.T) {
	app := apptest.New(t)
	ada, phone := app.Browser(), app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	page := phone.Get(ada.Mail().Link).WantText(t, "Password")
	page.Submit().WantStatus(t, 422).WantText(t, "Enter the password")
	page = page.Submit("password", apptest.OtherPassword).WantStatus(t, 422).WantText(t, "not the password")
	if got := page.Header.Get("Referrer-Policy"); got != "no-referrer" { // item 23
		t.Errorf("Referrer-Policy is %q", got)
	}
	page.Submit("password", apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200)
}

// A stranger signs up with somebody's address and waits for the owner to press the button.
func TestTheOwnerOfAnAddressDoesNotConfirmAStrangersSignUp(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.Browser(), app.Browser()
	ada.Email = "ada@example.com"
	mallory.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.OtherPassword)
	strangers := ada.Mail().Link
	ada.Get(strangers).Submit().WantStatus(t, 422)

	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")

	mallory.Get(strangers).WantStatus(t, 410)
	mallory.Get("/register/sent").WantStatus(t, 200) // as it would be for an address that has been taken for years
	mallory.Email = ada.Email
	mallory.Login(apptest.OtherPassword).WantStatus(t, 422)
	ada.Tab().Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestGuessingThePasswordOfAStrangersLinkIsSlowedDown(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.Browser(), app.Browser()
	ada.Email = "ada@example.com"
	mallory.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.OtherPassword)
	page := ada.Get(ada.Mail().Link)
	for range 5 {
		page.Submit("password", "wrong wrong wrong wrong").WantStatus(t, 422)
	}
	page.Submit("password", apptest.OtherPassword).WantStatus(t, 429)
}

func TestConfirmingVoidsEverythingElseStartedForTheAddress(t *testing.T) {
	app := apptest.New(t)
	first, second := app.Browser(), app.Browser()
	first.Email, second.Email = "ada@example.com", "ada@example.com"
	first.Post("/register", "name", "One", "email", first.Email, "password", apptest.Password)
	one := first.Mail().Link
	second.Post("/register", "name", "Two", "email", second.Email, "password", apptest.OtherPassword)
	second.Get(second.Mail().Link).Submit().WantRedirect(t, "/dashboard")
	first.Get(one).WantStatus(t, 410).WantText(t, "no longer works")
	first.Post("/email/confirm", "token", one[strings.Index(one, "token=")+6:], "password", apptest.Password).
		WantStatus(t, 410)
	if n := app.Count("users", "true"); n != 1 {
		t.Errorf("there are %d users", n)
	}
}

// Item 16: nobody learns by signing up whether an address has an account.
func TestItem16SigningUpAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	app := apptest.New(t)
	app.LoggedOut("ada@example.com")
	answers := map[string]*apptest.Page{}
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		visitor := app.Browser()
		answers[email] = visitor.Post("/register", "name", "Eve", "email", email, "password", apptest.Password)
		sent := answers[email].WantRedirect(t, "/register/sent")
		answers[email].Body += strings.ReplaceAll(sent.Body, email, "…")
		again := visitor.Post("/register/resend").WantRedirect(t, "/register/sent")
		answers[email].Body += strings.ReplaceAll(again.Body, email, "…")
	}
	sameAnswer(t, answers["ada@example.com"], answers["bob@example.com"])
	if mail := app.Mailbox.Next(t, "ada@example.com"); !strings.Contains(mail.Subject, "already") && !strings.Contains(mail.Text, "already") {
		t.Errorf("the owner is not told: %s\n%s", mail.Subject, mail.Text)
	}
}

// sameAnswer wants two answers that nobody can tell apart: status, headers, cookies but for what they carry, body.
func sameAnswer(t *testing.T, a, b *apptest.Page) {
	t.Helper()
	if a.Status != b.Status || a.Body != b.Body {
		t.Errorf("%d and %d differ, or the bodies do:\n%s\n%s", a.Status, b.Status, a.Body, b.Body)
	}
	if one, other := comparableHeader(a), comparableHeader(b); !reflect.DeepEqual(one, other) {
		t.Errorf("the headers differ:\n%v\n%v", one, other)
	}
}

// comparableHeader are the headers that two answers to the same question have in common: no times, and of cookies no values.
func comparableHeader(page *apptest.Page) http.Header {
	header := page.Header.Clone()
	header.Del("Date")
	header.Del("Set-Cookie")
	for _, cookie := range (&http.Response{Header: page.Header}).Cookies() {
		if cookie.Value != "" {
			cookie.Value = "…"
		}
		cookie.Expires = time.Time{} // Max-Age says it too
		cookie.Raw, cookie.RawExpires = "", ""
		header.Add("Set-Cookie", fmt.Sprintf("%+v", *cookie))
	}
	return header
}

// Item 14: whoever uses up what an address gets has mailed its owner a link that works for them, and cannot take it back.
func TestItem14StrangersKeepNobodyFromSigningUp(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.Browser(), app.BrowserOf("ada@example.com")
	mallory.Post("/register", "name", "M", "email", ada.Email, "password", apptest.OtherPassword)
	link := ada.Mail().Link
	for range 4 {
		mallory.Post("/register/resend").WantStatus(t, 303)
		link = ada.Mail().Link
	}
	mallory.Post("/register/correct", "email", "m@example.com").WantStatus(t, 303)
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password).
		WantRedirect(t, "/register/sent")
	ada.Post("/register/resend").WantRedirect(t, "/register/sent").WantText(t, "newest")
	for _, confirms := range []*apptest.Browser{mallory, app.Browser()} {
		confirms.Get(link).WantStatus(t, 410)
	}
	ada.Get(link).Submit().WantRedirect(t, "/dashboard").WantText(t, "Ada")
	app.BrowserOf(ada.Email).Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 14: where links live shorter than a share of mails lasts, there is a new share when the last of them ends.
func TestItem14NoShareOfMailsOutlastsTheLinksInThem(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.ConfirmTTL = 10 * time.Minute })
	mallory, ada := app.Browser(), app.BrowserOf("ada@example.com")
	mallory.Post("/register", "name", "M", "email", ada.Email, "password", apptest.OtherPassword)
	for range 4 {
		mallory.Post("/register/resend")
	}
	last := app.LastMail(ada.Email).Link
	app.Clock.Advance(10 * time.Minute)
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	if app.LastMail(ada.Email).Link == last {
		t.Error("nothing is mailed to her")
	}
}

func TestSomebodyWhoTriesATakenAddressCannotGetIn(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedOut("ada@example.com"), app.Browser()
	mallory.Post("/register", "name", "Mallory", "email", ada.Email, "password", apptest.OtherPassword).
		WantRedirect(t, "/register/sent")
	if link := ada.Mail().Link; !strings.HasSuffix(link, "/login") {
		t.Errorf("the mail to the owner links to %s", link)
	}
	mallory.Email = ada.Email
	mallory.Login(apptest.OtherPassword).WantStatus(t, 422)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestALinkCanBeSentAgainAndOnlyTheNewestWorks(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	old := ada.Mail().Link
	ada.Post("/register/resend").WantRedirect(t, "/register/sent").WantText(t, "new link")
	ada.Get(old).WantStatus(t, 410)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")
}

func TestTheDevelopmentMailboxLeadsOn(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	link := ada.Mail().Link
	dev := app.LocalBrowser()
	for _, message := range dev.Get("/dev/mail").Rows() {
		if !strings.Contains(dev.Get(message).Body, link[strings.Index(link, "token="):]) {
			t.Errorf("%s does not lead to %s", message, link)
		}
	}
}

// Of several tabs that correct it at once one does: each would make the link of the one before it void, and mail another.
func TestItem67EightRacingCorrectionsHaveOneWinner(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.Browser()
	ada.Post("/register", "name", "Ada", "email", "adda@example.com", "password", apptest.Password)
	app.AtOnce(8, func(int) {
		ada.Tab().PostRacing("/register/correct", url.Values{"email": {"ada@example.com"}})
	})
	ada.Email = "ada@example.com"
	link := ada.Mail().Link
	if done := app.Count("events", "name = 'registration.corrected'"); done != 1 {
		t.Errorf("it is corrected %d times", done)
	}
	ada.Get(link).Submit().WantRedirect(t, "/dashboard")
}

func TestAMistypedAddressIsCorrectedBeforeItIsConfirmed(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "adda@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	mistyped := ada.Mail().Link
	ada.Post("/register/correct", "email", "not an address").WantStatus(t, 422).WantText(t, "address")
	ada.Post("/register/correct", "email", "ada@example.com").WantRedirect(t, "/register/sent").
		WantText(t, "ada@example.com")
	ada.Get(mistyped).WantStatus(t, 410)
	ada.Email = "ada@example.com"
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")
}

func TestALinkIsTooOldAfterItsLife(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	link := ada.Mail().Link
	app.Clock.Advance(24*time.Hour + time.Second)
	ada.Get(link).WantStatus(t, 410).WantText(t, "too old")
}

// Item 67: one of several simultaneous confirmations makes the account.
func TestItem67FiftyRacingConfirmationsMakeOneAccount(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	link, _ := url.Parse(ada.Mail().Link)
	var in, dead atomic.Int32
	app.AtOnce(50, func(int) {
		switch page, err := ada.Try(http.MethodPost, "/email/confirm", url.Values{"token": {link.Query().Get("token")}}); {
		case err != nil:
			t.Error(err)
		case page.Header.Get("Location") == "/dashboard":
			in.Add(1)
		case page.Header.Get("Location") == "/login":
			dead.Add(1)
		}
	})
	if in.Load() != 1 || dead.Load() != 49 {
		t.Errorf("%d got in and %d found a dead link", in.Load(), dead.Load())
	}
}

// Item 16: nor by watching one's own sign-up whether its address is being taken.
func TestItem16ASignUpLooksTheSameWhenItsAddressIsTakenMeanwhile(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.Browser(), app.Browser()
	mallory.Post("/register", "name", "M", "email", "ada@example.com", "password", apptest.OtherPassword)
	app.Mailbox.Next(t, "ada@example.com")
	before := mallory.Get("/register/sent")
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard")
	sameAnswer(t, before, mallory.Get("/register/sent"))
	mallory.Post("/register/resend").WantRedirect(t, "/register/sent")
	if mail := app.Mailbox.Next(t, "ada@example.com"); strings.Contains(mail.Link, "confirm") {
		t.Errorf("a taken address can be confirmed again: %s", mail.Link)
	}
}

// Whoever confirms first wins; the others find a dead link, and nobody an error.
func TestItem67FiftyRacingSignUpsForOneAddressMakeOneAccount(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	people := make([]*apptest.Browser, 50)
	tokens := make([]string, len(people))
	for i := range people {
		people[i] = app.Browser()
		people[i].Post("/register", "name", "Ada", "email", "ada@example.com", "password", apptest.Password).
			WantStatus(t, 303)
		link, _ := url.Parse(app.Mailbox.Next(t, "ada@example.com").Link)
		tokens[i] = link.Query().Get("token")
	}
	var confirmed, dead atomic.Int32
	app.AtOnce(len(people), func(i int) {
		page, err := people[i].Try(http.MethodPost, "/email/confirm", url.Values{"token": {tokens[i]}})
		switch {
		case err != nil:
			t.Error(err)
		case page.Status == http.StatusSeeOther:
			confirmed.Add(1)
		case page.Status == http.StatusGone:
			dead.Add(1)
		}
	})
	if confirmed.Load() != 1 || dead.Load() != 49 {
		t.Errorf("%d are confirmed, and %d are void", confirmed.Load(), dead.Load())
	}
}

func TestWhatWasTypedIsKeptAndWhatIsWrongStandsBesideIt(t *testing.T) {
	app := apptest.New(t)
	page := app.Browser().Post("/register", "name", "Ada <3", "email", "ada@", "password", "short").WantStatus(t, 422)
	page.WantText(t, "15 characters").WantNoText(t, `value="short"`)
	for name, want := range map[string]string{"name": "Ada <3", "email": "ada@", "password": ""} {
		input := page.Input(name)
		if got := apptest.Attr(input, "value"); got != want {
			t.Errorf("%s holds %q, not %q", name, got, want)
		}
		if invalid := apptest.Attr(input, "aria-invalid") == "true"; invalid != (name != "name") {
			t.Errorf("aria-invalid on %s is %v", name, invalid)
		}
	}
}

func TestAfterSigningUpOneIsWhereOneWasGoing(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	login := ada.Get("/account/sessions").WantRedirect(t, "/login?next=%2Faccount%2Fsessions")
	if !strings.Contains(login.Body, `href="/register?next=%2Faccount%2Fsessions"`) {
		t.Error("the login page's link to the sign-up forgets where one was going")
	}
	ada.Get("/register?next=%2Faccount%2Fsessions").
		Submit("name", "Ada", "email", ada.Email, "password", apptest.Password)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/account/sessions")
}

func TestALinkThatIsSentAgainHasItsFullLife(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	ada.Mail()
	app.Clock.Advance(23 * time.Hour)
	ada.Post("/register/resend").WantRedirect(t, "/register/sent")
	app.Clock.Advance(23 * time.Hour)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")
}

// Item 68: what happened to a sign-up is on record, the failures too.
func TestItem68ASignUpsStoryIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Post("/register", "name", "Ada", "email", "adda@example.com", "password", apptest.Password)
	ada.Post("/register/resend").WantStatus(t, 303)
	ada.Email = "ada@example.com"
	ada.Post("/register/correct", "email", ada.Email).WantStatus(t, 303)
	page := app.Browser().Get(ada.Mail().Link)
	page.Submit("password", apptest.OtherPassword).WantStatus(t, 422)
	page.Submit("password", apptest.Password).WantStatus(t, 303)
	want := "registration.requested registration.resent registration.corrected email.confirmation_failed email.confirmed session.started"
	if got := strings.Join(app.Events(), " "); got != want {
		t.Errorf("the log tells\n%s, not\n%s", got, want)
	}
}

// Item 30: confirming logs in, and whoever was logged in here is not any more.
func TestItem30ConfirmingEndsTheSessionThatTheBrowserHad(t *testing.T) {
	app := apptest.New(t)
	bob := app.Browser()
	bob.Email = "bob@example.com"
	bob.Post("/register", "name", "Bob", "email", bob.Email, "password", apptest.Password)
	ada := app.LoggedIn("ada@example.com")
	former := ada.Tab()
	ada.Get(bob.Mail().Link).Submit("password", apptest.Password).WantRedirect(t, "/dashboard").WantText(t, "Bob")
	former.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

// Item 66: marks that pose as something else, in a mail or on a page.
func TestItem66ANameIsOneLineThatReadsOneWay(t *testing.T) {
	app := apptest.New(t)
	for _, name := range []string{"Ada\nBcc: x", "Ada\u202egnp", "Ada\u2028x", "Ada\u2029x", "Ada\x1b[31m"} {
		app.Browser().Post("/register", "name", name, "email", "ada@example.com", "password", apptest.Password).
			WantStatus(t, 422).WantText(t, "hidden character after “Ada”")
	}
}

// A class of 31 students signs up in one lesson, from the school's one address.
func TestRegister_LimitPerAddressIsASetting(t *testing.T) {
	for setting, allowed := range map[int]int{30: 30, 40: 31} {
		t.Run(fmt.Sprint(setting), func(t *testing.T) {
			app := apptest.New(t, func(app *apptest.App) { app.Config.SignUpsPerAddress = setting })
			got := 0
			for i := range 31 {
				student := app.Browser()
				student.IP = "198.51.100.7"
				page := student.Post("/register", "name", "Student", "email", fmt.Sprintf("student%d@example.com", i), "password", apptest.Password)
				if page.Status == http.StatusSeeOther {
					got++
				}
			}
			if got != allowed {
				t.Errorf("got %d sign-ups, want %d", got, allowed)
			}
			line := slices.IndexFunc(app.Routes, func(r web.Route) bool { return r.Method == http.MethodPost && r.Path == "/register" })
			if want := fmt.Sprintf("registration-ip %d per 1h", setting); !strings.Contains(fmt.Sprint(app.Routes[line].Limits), want) {
				t.Errorf("the map of routes: got %v, want %s", app.Routes[line].Limits, want)
			}
		})
	}
}
