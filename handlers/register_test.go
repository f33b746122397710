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

	"example.com/gatehouse/config"
	"example.com/gatehouse/handlers"
)

func TestSomebodySignsUpConfirmsAndIsIn(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard").is(t, 200).says(t, "Ada")
	if ada.cookie("registration") != "" {
		t.Error("the browser still carries its sign-up")
	}
	ada.post("/logout").redirects(t, "/login").says(t, "logged out")
	ada.login(goodPassword).redirects(t, "/dashboard").is(t, 200)
}

func TestAnAccountIsNotSignedInBeforeItsLinkIsConfirmed(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword).redirects(t, "/register/sent").says(t, ada.email)
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.login(goodPassword).is(t, 422).says(t, "don’t match", "open the link")
	if n := s.count("users", "true"); n != 0 {
		t.Errorf("there are %d users before anybody confirmed", n)
	}
}

func TestTheAddressIsNormalizedOnceAndStoredAsChecked(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.post("/register", "name", "Ada", "email", "  Ada@EXAMPLE.com ", "password", goodPassword).redirects(t, "/register/sent").says(t, "ada@example.com")
	ada.email = "ada@example.com"
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")
	ada.post("/logout")
	ada.email = "ADA@example.COM"
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 39: mail scanners open links and must not confirm anything.
func TestItem39OpeningAConfirmationLinkChangesNothing(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	link := ada.mail().Link
	s.visitor().scans(link)
	ada.get(link).submit().redirects(t, "/dashboard")
}

func TestInAnotherBrowserTheLinkAsksForThePassword(t *testing.T) {
	s := newStage(t)
	ada, phone := s.visitor(), s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	page := phone.get(ada.mail().Link).says(t, "Password")
	page.submit().is(t, 422).says(t, "Enter the password")
	page = page.submit("password", otherPassword).is(t, 422).says(t, "not the password")
	if got := page.header.Get("Referrer-Policy"); got != "no-referrer" { // item 23
		t.Errorf("Referrer-Policy is %q", got)
	}
	page.submit("password", goodPassword).redirects(t, "/dashboard").is(t, 200)
}

// A stranger signs up with somebody's address and waits for the owner to press the button.
func TestTheOwnerOfAnAddressDoesNotConfirmAStrangersSignUp(t *testing.T) {
	s := newStage(t)
	mallory, ada := s.visitor(), s.visitor()
	ada.email = "ada@example.com"
	mallory.post("/register", "name", "Ada", "email", ada.email, "password", otherPassword)
	strangers := ada.mail().Link
	ada.get(strangers).submit().is(t, 422)

	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")

	mallory.get(strangers).is(t, 410)
	mallory.get("/register/sent").is(t, 200) // as it would be for an address that has been taken for years
	mallory.email = ada.email
	mallory.login(otherPassword).is(t, 422)
	ada.twin().login(goodPassword).redirects(t, "/dashboard")
}

func TestGuessingThePasswordOfAStrangersLinkIsSlowedDown(t *testing.T) {
	s := newStage(t)
	mallory, ada := s.visitor(), s.visitor()
	ada.email = "ada@example.com"
	mallory.post("/register", "name", "Ada", "email", ada.email, "password", otherPassword)
	page := ada.get(ada.mail().Link)
	for range 5 {
		page.submit("password", "wrong wrong wrong wrong").is(t, 422)
	}
	page.submit("password", otherPassword).is(t, 429)
}

func TestConfirmingVoidsEverythingElseStartedForTheAddress(t *testing.T) {
	s := newStage(t)
	first, second := s.visitor(), s.visitor()
	first.email, second.email = "ada@example.com", "ada@example.com"
	first.post("/register", "name", "One", "email", first.email, "password", goodPassword)
	one := first.mail().Link
	second.post("/register", "name", "Two", "email", second.email, "password", otherPassword)
	second.get(second.mail().Link).submit().redirects(t, "/dashboard")
	first.get(one).is(t, 410).says(t, "no longer works")
	first.post("/email/confirm", "token", one[strings.Index(one, "token=")+6:], "password", goodPassword).is(t, 410)
	if n := s.count("users", "true"); n != 1 {
		t.Errorf("there are %d users", n)
	}
}

// Item 16: nobody learns by signing up whether an address has an account.
func TestItem16SigningUpAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	s := newStage(t)
	s.user("ada@example.com")
	answers := map[string]*page{}
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		visitor := s.visitor()
		answers[email] = visitor.post("/register", "name", "Eve", "email", email, "password", goodPassword)
		sent := answers[email].redirects(t, "/register/sent")
		answers[email].body += strings.ReplaceAll(sent.body, email, "…")
		again := visitor.post("/register/resend").redirects(t, "/register/sent")
		answers[email].body += strings.ReplaceAll(again.body, email, "…")
	}
	sameAnswer(t, answers["ada@example.com"], answers["bob@example.com"])
	if mail := s.mailbox.Next(t, "ada@example.com"); !strings.Contains(mail.Subject, "already") && !strings.Contains(mail.Text, "already") {
		t.Errorf("the owner is not told: %s\n%s", mail.Subject, mail.Text)
	}
}

// sameAnswer wants two answers that nobody can tell apart: status, headers, cookies but for what they carry, body.
func sameAnswer(t *testing.T, a, b *page) {
	t.Helper()
	if a.status != b.status || a.body != b.body {
		t.Errorf("%d and %d differ, or the bodies do:\n%s\n%s", a.status, b.status, a.body, b.body)
	}
	if one, other := a.tellable(), b.tellable(); !reflect.DeepEqual(one, other) {
		t.Errorf("the headers differ:\n%v\n%v", one, other)
	}
}

// tellable are the headers that two answers to the same question have in common: no times, and of cookies no values.
func (g *page) tellable() http.Header {
	header := g.header.Clone()
	header.Del("Date")
	header.Del("Set-Cookie")
	for _, cookie := range (&http.Response{Header: g.header}).Cookies() {
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
	s := newStage(t)
	mallory, ada := s.visitor(), s.visitorAs("ada@example.com")
	mallory.post("/register", "name", "M", "email", ada.email, "password", otherPassword)
	link := ada.mail().Link
	for range 4 {
		mallory.post("/register/resend").is(t, 303)
		link = ada.mail().Link
	}
	mallory.post("/register/correct", "email", "m@example.com").is(t, 303)
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword).redirects(t, "/register/sent")
	ada.post("/register/resend").redirects(t, "/register/sent").says(t, "newest")
	for _, confirms := range []*person{mallory, s.visitor()} {
		confirms.get(link).is(t, 410)
	}
	ada.get(link).submit().redirects(t, "/dashboard").says(t, "Ada")
	s.visitorAs(ada.email).login(goodPassword).redirects(t, "/dashboard")
}

// Item 14: where links live shorter than a share of mails lasts, there is a new share when the last of them ends.
func TestItem14NoShareOfMailsOutlastsTheLinksInThem(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.ConfirmTTL = 10 * time.Minute })
	mallory, ada := s.visitor(), s.visitorAs("ada@example.com")
	mallory.post("/register", "name", "M", "email", ada.email, "password", otherPassword)
	for range 4 {
		mallory.post("/register/resend")
	}
	last := s.lastMail(ada.email).Link
	s.clock.passes(10 * time.Minute)
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	if s.lastMail(ada.email).Link == last {
		t.Error("nothing is mailed to her")
	}
}

func TestSomebodyWhoTriesATakenAddressCannotGetIn(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.user("ada@example.com"), s.visitor()
	mallory.post("/register", "name", "Mallory", "email", ada.email, "password", otherPassword).redirects(t, "/register/sent")
	if link := ada.mail().Link; !strings.HasSuffix(link, "/login") {
		t.Errorf("the mail to the owner links to %s", link)
	}
	mallory.email = ada.email
	mallory.login(otherPassword).is(t, 422)
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestALinkCanBeSentAgainAndOnlyTheNewestWorks(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	old := ada.mail().Link
	ada.post("/register/resend").redirects(t, "/register/sent").says(t, "new link")
	ada.get(old).is(t, 410)
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")
}

func TestTheDevelopmentMailboxLeadsOn(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	link := ada.mail().Link
	dev := s.developer()
	for _, message := range dev.get("/dev/mail").rows() {
		if !strings.Contains(dev.get(message).body, link[strings.Index(link, "token="):]) {
			t.Errorf("%s does not lead to %s", message, link)
		}
	}
}

// Of several tabs that correct it at once one does: each would make the link of the one before it void, and mail another.
func TestItem67EightRacingCorrectionsHaveOneWinner(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.visitor()
	ada.post("/register", "name", "Ada", "email", "adda@example.com", "password", goodPassword)
	s.atOnce(8, func(int) {
		ada.twin().races("/register/correct", url.Values{"email": {"ada@example.com"}})
	})
	ada.email = "ada@example.com"
	link := ada.mail().Link
	if done := s.count("events", "name = 'registration.corrected'"); done != 1 {
		t.Errorf("it is corrected %d times", done)
	}
	ada.get(link).submit().redirects(t, "/dashboard")
}

func TestAMistypedAddressIsCorrectedBeforeItIsConfirmed(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "adda@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	mistyped := ada.mail().Link
	ada.post("/register/correct", "email", "not an address").is(t, 422).says(t, "address")
	ada.post("/register/correct", "email", "ada@example.com").redirects(t, "/register/sent").says(t, "ada@example.com")
	ada.get(mistyped).is(t, 410)
	ada.email = "ada@example.com"
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")
}

func TestALinkIsTooOldAfterItsLife(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	link := ada.mail().Link
	s.clock.passes(24*time.Hour + time.Second)
	ada.get(link).is(t, 410).says(t, "too old")
}

// Item 67: one of several simultaneous confirmations makes the account.
func TestItem67FiftyRacingConfirmationsMakeOneAccount(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	link, _ := url.Parse(ada.mail().Link)
	var in, dead atomic.Int32
	s.atOnce(50, func(int) {
		switch page, err := ada.try(http.MethodPost, "/email/confirm", url.Values{"token": {link.Query().Get("token")}}); {
		case err != nil:
			t.Error(err)
		case page.header.Get("Location") == "/dashboard":
			in.Add(1)
		case page.header.Get("Location") == "/login":
			dead.Add(1)
		}
	})
	if in.Load() != 1 || dead.Load() != 49 {
		t.Errorf("%d got in and %d found a dead link", in.Load(), dead.Load())
	}
}

// Item 16: nor by watching one's own sign-up whether its address is being taken.
func TestItem16ASignUpLooksTheSameWhenItsAddressIsTakenMeanwhile(t *testing.T) {
	s := newStage(t)
	mallory, ada := s.visitor(), s.visitor()
	mallory.post("/register", "name", "M", "email", "ada@example.com", "password", otherPassword)
	s.mailbox.Next(t, "ada@example.com")
	before := mallory.get("/register/sent")
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard")
	sameAnswer(t, before, mallory.get("/register/sent"))
	mallory.post("/register/resend").redirects(t, "/register/sent")
	if mail := s.mailbox.Next(t, "ada@example.com"); strings.Contains(mail.Link, "confirm") {
		t.Errorf("a taken address can be confirmed again: %s", mail.Link)
	}
}

// Whoever confirms first wins; the others find a dead link, and nobody an error.
func TestItem67FiftyRacingSignUpsForOneAddressMakeOneAccount(t *testing.T) {
	s := newStage(t, noRateLimit)
	people := make([]*person, 50)
	tokens := make([]string, len(people))
	for i := range people {
		people[i] = s.visitor()
		people[i].post("/register", "name", "Ada", "email", "ada@example.com", "password", goodPassword).is(t, 303)
		link, _ := url.Parse(s.mailbox.Next(t, "ada@example.com").Link)
		tokens[i] = link.Query().Get("token")
	}
	var confirmed, dead atomic.Int32
	s.atOnce(len(people), func(i int) {
		page, err := people[i].try(http.MethodPost, "/email/confirm", url.Values{"token": {tokens[i]}})
		switch {
		case err != nil:
			t.Error(err)
		case page.status == http.StatusSeeOther:
			confirmed.Add(1)
		case page.status == http.StatusGone:
			dead.Add(1)
		}
	})
	if confirmed.Load() != 1 || dead.Load() != 49 {
		t.Errorf("%d are confirmed, and %d are void", confirmed.Load(), dead.Load())
	}
}

func TestWhatWasTypedIsKeptAndWhatIsWrongStandsBesideIt(t *testing.T) {
	s := newStage(t)
	page := s.visitor().post("/register", "name", "Ada <3", "email", "ada@", "password", "short").is(t, 422)
	page.says(t, "15 characters").hides(t, `value="short"`)
	for name, want := range map[string]string{"name": "Ada <3", "email": "ada@", "password": ""} {
		input := page.input(name)
		if got := attribute(input, "value"); got != want {
			t.Errorf("%s holds %q, not %q", name, got, want)
		}
		if invalid := attribute(input, "aria-invalid") == "true"; invalid != (name != "name") {
			t.Errorf("aria-invalid on %s is %v", name, invalid)
		}
	}
}

func TestAfterSigningUpOneIsWhereOneWasGoing(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	login := ada.get("/account/sessions").redirects(t, "/login?next=%2Faccount%2Fsessions")
	if !strings.Contains(login.body, `href="/register?next=%2Faccount%2Fsessions"`) {
		t.Error("the login page's link to the sign-up forgets where one was going")
	}
	ada.get("/register?next=%2Faccount%2Fsessions").submit("name", "Ada", "email", ada.email, "password", goodPassword)
	ada.get(ada.mail().Link).submit().redirects(t, "/account/sessions")
}

func TestALinkThatIsSentAgainHasItsFullLife(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	ada.mail()
	s.clock.passes(23 * time.Hour)
	ada.post("/register/resend").redirects(t, "/register/sent")
	s.clock.passes(23 * time.Hour)
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")
}

// Item 68: what happened to a sign-up is on record, the failures too.
func TestItem68ASignUpsStoryIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.post("/register", "name", "Ada", "email", "adda@example.com", "password", goodPassword)
	ada.post("/register/resend").is(t, 303)
	ada.email = "ada@example.com"
	ada.post("/register/correct", "email", ada.email).is(t, 303)
	page := s.visitor().get(ada.mail().Link)
	page.submit("password", otherPassword).is(t, 422)
	page.submit("password", goodPassword).is(t, 303)
	want := "registration.requested registration.resent registration.corrected email.confirmation_failed email.confirmed session.started"
	if got := strings.Join(s.events(), " "); got != want {
		t.Errorf("the log tells\n%s, not\n%s", got, want)
	}
}

// Item 30: confirming logs in, and whoever was logged in here is not any more.
func TestItem30ConfirmingEndsTheSessionThatTheBrowserHad(t *testing.T) {
	s := newStage(t)
	bob := s.visitor()
	bob.email = "bob@example.com"
	bob.post("/register", "name", "Bob", "email", bob.email, "password", goodPassword)
	ada := s.member("ada@example.com")
	former := ada.twin()
	ada.get(bob.mail().Link).submit("password", goodPassword).redirects(t, "/dashboard").says(t, "Bob")
	former.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

// Item 66: marks that pose as something else, in a mail or on a page.
func TestItem66ANameIsOneLineThatReadsOneWay(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"Ada\nBcc: x", "Ada\u202egnp", "Ada\u2028x", "Ada\u2029x", "Ada\x1b[31m"} {
		s.visitor().post("/register", "name", name, "email", "ada@example.com", "password", goodPassword).is(t, 422).says(t, "hidden character after “Ada”")
	}
}

// A class of 31 students signs up in one lesson, from the school's one address.
func TestRegister_LimitPerAddressIsASetting(t *testing.T) {
	for setting, allowed := range map[int]int{30: 30, 40: 31} {
		t.Run(fmt.Sprint(setting), func(t *testing.T) {
			s := newStage(t, func(c *config.Config) { c.SignUpsPerAddress = setting })
			got := 0
			for i := range 31 {
				student := s.visitor()
				student.ip = "198.51.100.7"
				page := student.post("/register", "name", "Student", "email", fmt.Sprintf("student%d@example.com", i), "password", goodPassword)
				if page.status == http.StatusSeeOther {
					got++
				}
			}
			if got != allowed {
				t.Errorf("got %d sign-ups, want %d", got, allowed)
			}
			line := slices.IndexFunc(s.routes, func(r handlers.Route) bool { return r.Method == http.MethodPost && r.Path == "/register" })
			if want := fmt.Sprintf("registration-ip %d per 1h", setting); !strings.Contains(fmt.Sprint(s.routes[line].Limits), want) {
				t.Errorf("the map of routes: got %v, want %s", s.routes[line].Limits, want)
			}
		})
	}
}
