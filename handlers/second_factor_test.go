package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// factor is something of a person's that answers.
type factor interface {
	factor() string                // its name
	next() string                  // an answer that was not given yet
	beside(browser *person) factor // the same, for who sits at another browser
}

// secondFactors are the kinds that there are: each gives one to a person, who is logged in.
func secondFactors() []func(*person) factor {
	return []func(*person) factor{
		func(p *person) factor { return p.authenticator() }, // feature:totp
		func(p *person) factor { return p.passkey() },       // feature:passkeys
	}
}

// secondFactor gives the person, who is logged in, a second factor of the first kind.
func (p *person) secondFactor() factor {
	p.s.t.Helper()
	if len(secondFactors()) == 0 {
		p.s.t.Skip("there is no kind of second factor in this application")
	}
	return secondFactors()[0](p)
}

// eachSecondFactor tells a story of ada with each kind of second factor, which add gives to whoever is in.
func eachSecondFactor(t *testing.T, story func(t *testing.T, s *stage, ada *person, add func(*person) factor)) {
	t.Helper()
	for i, add := range secondFactors() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s := newStage(t)
			story(t, s, s.member("ada@example.com"), add)
		})
	}
}

// proves answers the page that asks for a factor with this one, in the page's own browser, and with these names and values filled in.
func (g *page) proves(f factor, fields ...string) *page {
	g.p.s.t.Helper()
	return g.submit(append([]string{"factor", f.factor(), "answer", f.beside(g.p).next()}, fields...)...)
}

// keepsOnly logs the person in with the other password and one factor, after none of the others has let them.
func (p *person) keepsOnly(own factor, others ...factor) {
	p.s.t.Helper()
	asked := p.login(otherPassword).redirects(p.s.t, "/login/factor")
	for _, other := range others {
		asked.proves(other).is(p.s.t, 422)
	}
	asked.proves(own).redirects(p.s.t, "/dashboard")
}

// unfinishedLogin is the id of a login of the person's that was never finished.
func (p *person) unfinishedLogin() string {
	p.s.t.Helper()
	user, now := p.user(), p.s.clock.now()
	id := uuid.NewString()
	err := p.s.db.Create(&models.PendingLogin{ID: id, UserID: user.ID, TokenHash: []byte(id), Method: "password", AAL: 1,
		CredentialVersion: user.CredentialVersion(), CreatedAt: now, AuthenticatedAt: now, ExpiresAt: now.Add(time.Minute)}).Error
	if err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// owing is somebody who has entered the password and owes a second factor.
func (s *stage) owing(email string) (*person, factor) {
	s.t.Helper()
	p := s.member(email)
	f := p.secondFactor()
	p.post("/logout")
	p.login(goodPassword).redirects(s.t, "/login/factor")
	return p, f
}

// everyStep has the application ask for all that can be owed.
func everyStep() []func(*config.Config) {
	return []func(*config.Config){
		withTerms("2026-12-01"), // feature:terms
	}
}

// whoOwe is somebody for each thing that can be owed, by the guard of its pages. It takes a stage with everyStep.
func (s *stage) whoOwe() map[string]*person {
	s.t.Helper()
	jean := s.alerted("jean@example.com")
	jean.get(jean.mail().Link).submit().redirects(s.t, "/login/password")
	people := map[string]*person{"owing a new password": jean}
	if len(secondFactors()) > 0 {
		people["owing a second factor"], _ = s.owing("grace@example.com")
	}
	people["owing accepted terms"] = s.owingTerms("barbara@example.com") // feature:terms
	return people
}

// Item 49: who still owes something reaches no page of the logged in.
func TestItem49AnUnfinishedSignInOpensNothingElse(t *testing.T) {
	s := newStage(t, everyStep()...)
	for owing, person := range s.whoOwe() {
		for _, route := range s.routes {
			if route.Guard == "logged in" && !strings.Contains(route.Path, ":") {
				to := person.do(route.Method, route.Path, nil).is(t, 303).header.Get("Location")
				if !strings.HasPrefix(to, "/login") {
					t.Errorf("%s leads who is %s to %s", route.Path, owing, to)
				}
			}
		}
	}
}

func TestItem49AnUnfinishedSignInIsBoundToBrowserTimeAndPassword(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	s.visitor().post("/login/factor", "factor", app.factor(), "answer", app.next()).redirects(t, "/login")
	s.clock.passes(10 * time.Minute)
	ada.get("/login/factor").redirects(t, "/login")

	ada.login(goodPassword).redirects(t, "/login/factor")
	owner := s.visitor()
	owner.email = ada.email
	owner.post("/password/forgot", "email", ada.email)
	owner.get(owner.mail().Link).submit().redirects(t, "/login/factor").proves(app).
		choosesAnotherPassword(t)
	ada.post("/login/factor", "factor", app.factor(), "answer", app.next()).redirects(t, "/login")
	ada.get("/dashboard").is(t, 303)
}

// Item 25: a reset is no way round the second factor.
func TestItem25AResetDoesNotBypassTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link := ada.mail().Link
	page := ada.get(link).is(t, 200).says(t, "ada@example.com", "second factor")
	page.submit("password", otherPassword).redirects(t, "/login/factor") // a password that is sent along sets nothing
	ada.get("/login/password").redirects(t, "/login")
	ada.login(otherPassword).is(t, 422)
	asked := ada.get(link).submit().redirects(t, "/login/factor").says(t, "Go on")
	asked.proves(app).choosesAnotherPassword(t)
	ada.get("/dashboard").is(t, 303) // item 24
	ada.get(link).redirects(t, "/login").says(t, "already set a new password")
	ada.login(goodPassword).is(t, 422)
	ada.login(otherPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
}

// Item 25: guessing at the factor is bounded, and does not use the owner's link up.
func TestItem25WrongCodesEndTheResetAndNotTheLink(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link := ada.mail().Link
	asked := ada.get(link).submit().redirects(t, "/login/factor")
	for range 5 {
		asked.submit("answer", "000000").is(t, 422)
	}
	asked.proves(app).redirects(t, "/password/forgot").says(t, "Open the link in our mail once more")
	ada.get(link).submit().redirects(t, "/login/factor").proves(app).redirects(t, "/login/password")
}

// Item 67: of two browsers that the link was opened in, both past the second factor, one sets a password.
func TestItem67OneLinkSetsOnePasswordBehindTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link := ada.mail().Link
	pages := make([]*page, 4)
	for i := range pages {
		pages[i] = ada.elsewhere().get(link).submit().redirects(t, "/login/factor").proves(app).redirects(t, "/login/password")
	}
	to := make([]string, len(pages))
	s.atOnce(len(pages), func(i int) {
		answer, err := pages[i].p.try("POST", "/login/password", map[string][]string{"password": {otherPassword + strings.Repeat("!", i)}})
		if err != nil {
			t.Error(err)
			return
		}
		to[i] = pages[i].p.get(answer.header.Get("Location")).text()
	})
	if n := strings.Count(strings.Join(to, " "), "Log in with the new one."); n != 1 || s.count("events", "name = 'password.reset'") != 1 {
		t.Errorf("%d of them have set one", n)
	}
}

// Who is logged in here when they open the link is logged out: what follows is about an account that nobody is in yet.
func TestAResetBehindASecondFactorLogsThisBrowserOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit().redirects(t, "/login/factor").proves(app).redirects(t, "/login/password")
}

// Whoever set a second factor up while the link was on its way is asked for it.
func TestItem25AFormThatWasOpenedBeforeTheSecondFactorAsksForIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	form := ada.elsewhere().get(ada.mail().Link).is(t, 200)
	ada.secondFactor()
	form.submit("password", otherPassword).redirects(t, "/login/factor")
	ada.get("/dashboard").is(t, 200)
}

func TestWhereSomebodyWasGoingAndWhatTheyWereSendingSurvivesTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	login := ada.isAway()
	factor := login.submit("email", ada.email, "password", goodPassword).is(t, 401).says(t, "One more step")
	factor.proves(app).is(t, 200).says(t, "You are back", "Ada Lovelace")
	ada.post("/logout")
	ada.get("/account/sessions").redirects(t, "/login?next=%2Faccount%2Fsessions").submit("email", ada.email, "password", goodPassword).
		redirects(t, "/login/factor?next=%2Faccount%2Fsessions").proves(app).redirects(t, "/account/sessions")
}

// A login that should end and cannot is a fault, and nothing that goes on as if nothing were.
func TestAFaultAtTheEndOfALogInIsTold(t *testing.T) {
	s := newStage(t)
	ada, _ := s.owing("ada@example.com")
	factor := ada.get("/login/factor")
	for range 5 {
		factor.submit("answer", "000000").is(t, 422)
	}
	s.failing(func() { factor.submit("answer", "000000").is(t, http.StatusInternalServerError) })
	factor.submit("answer", "000000").redirects(t, "/login")
}

func TestWhatSomebodyWasSendingSurvivesWrongAnswersAndThePauseAfterThem(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	login := ada.isAway()
	again := func(page *page) *page {
		return page.submit("email", ada.email, "password", goodPassword).is(t, 401).says(t, "One more step")
	}
	factor := again(login)
	wrong := func(status int, words string) {
		for range 20 {
			if factor = factor.submit("answer", "000000"); strings.Contains(factor.body, words) {
				factor.is(t, status)
				return
			}
		}
		t.Fatalf("no page says %q", words)
	}
	wrong(422, "Please log in again")
	factor = again(factor)
	wrong(422, "Please log in again")
	factor = again(factor)
	wrong(http.StatusTooManyRequests, "Try again in")
	s.clock.passes(15 * time.Minute) // which is more than a login takes
	factor = again(factor.proves(app).is(t, 422).says(t, "log in again"))
	factor.proves(app).is(t, 200).says(t, "You are back", "Ada Lovelace")
}

// Item 67: an answer that was under way while the owner locked everybody out is used for nothing, and nobody is mailed that it was.
func TestItem67AnAnswerHeldBackUntilTheAccountIsLockedIsNotUsed(t *testing.T) {
	for i, add := range secondFactors() {
		for _, path := range []string{"/login/factor", "/account/prove"} {
			t.Run(fmt.Sprint(path, i), func(t *testing.T) {
				s := newStage(t)
				ada := s.member("ada@example.com")
				own := add(ada)
				alert := s.lastMail(ada.email).Link
				thief := ada.twin()
				if path == "/login/factor" {
					thief = ada.elsewhere()
					thief.login(goodPassword).redirects(t, "/login/factor")
				}
				s.clock.passes(time.Minute)
				finish := thief.sending(path, "factor", own.factor(), "answer", own.beside(thief).next())
				ada.elsewhere().get(alert).submit().redirects(t, "/login/factor")
				s.mailIsSent()
				before := s.tables()
				finish().redirects(t, "/login")
				for _, table := range s.changed(before) {
					if table != "limits" && table != "passkey_challenges" {
						t.Errorf("%s has changed", table)
					}
				}
			})
		}
	}
}
