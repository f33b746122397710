package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

// moving asks for another address, and returns the links that both mailboxes get.
func (p *person) moving(to string) (confirm, approve string) {
	p.s.t.Helper()
	p.post("/account/email", "email", to).redirects(p.s.t, "/account/email").says(p.s.t, to, "Waiting")
	return p.s.mailbox.Next(p.s.t, to).Link, p.mail().Link
}

// moves has both mailboxes agree to another address, which is the person's from then on. It returns the link that undoes it.
func (p *person) moves(to string) (undo string) {
	p.s.t.Helper()
	told := p.leavesAddress(to)
	if !strings.Contains(told.Link, "/email/undo?token=") || !strings.Contains(told.Text, "Nobody else can have this address") {
		p.s.t.Fatalf("the former mailbox is told %q", told.Text)
	}
	return told.Link
}

// leavesAddress has both mailboxes agree to another address, and returns what the former one is told then.
func (p *person) leavesAddress(to string) mailtest.Message {
	p.s.t.Helper()
	confirm, approve := p.moving(to)
	former := *p
	p.s.visitor().get(confirm).submit().redirects(p.s.t, "/login").says(p.s.t, "once the link in our mail to the other one")
	p.s.visitor().get(approve).submit().redirects(p.s.t, "/login").says(p.s.t, "The address is changed.")
	p.email = to
	if told := p.mail(); !strings.Contains(told.Subject, "has this address now") {
		p.s.t.Fatalf("the new mailbox is told %q", told.Subject)
	}
	return former.mail()
}

// formerEmail is the id of an address that the person had.
func (p *person) formerEmail() string {
	p.s.t.Helper()
	now, id := p.s.clock.now(), uuid.NewString()
	err := p.s.db.Create(&models.FormerEmail{ID: id, UserID: p.user().ID, Email: "former-" + p.email, TokenHash: []byte(id), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}).Error
	if err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// Item 67: a form whose sending began before the address was changed back sets no password after it.
func TestItem67AFormInFlightDoesNotOutliveTheUndo(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	owner := thief.elsewhere()
	undo := thief.moves("mallory@example.com")
	s.mailIsSent()
	thief.get(s.lastMail("mallory@example.com").Link).submit().redirects(t, "/login/password")
	finish := thief.sending("/login/password", "password", "the thief chose this one")
	asked := owner.get(undo).submit().redirects(t, "/login/password")
	finish().redirects(t, "/login")
	asked.submit("password", otherPassword).redirects(t, "/login")
	owner.login(otherPassword).redirects(t, "/dashboard")
}

// Item 67: and an answer whose sending began before it does not count as one that the owner has given since.
func TestItem67AnAnswerInFlightSparesNothingAfterTheUndo(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, ada *person, add func(*person) factor) {
		own := add(ada)
		s.clock.passes(time.Minute)
		thief := ada.twin()
		thiefs := add(thief)
		s.clock.passes(time.Minute)
		undo := thief.moves("mallory@example.com")
		out := ada.elsewhere()
		out.get(s.lastMail("mallory@example.com").Link).submit().redirects(t, "/login/factor")
		s.clock.passes(30 * time.Second)
		finish := out.sending("/login/factor", "factor", thiefs.factor(), "answer", thiefs.beside(out).next())
		owner := ada.elsewhere()
		asked := owner.get(undo).submit().redirects(t, "/login/factor")
		finish().redirects(t, "/login")
		s.clock.passes(30 * time.Second)
		asked.proves(own).choosesAnotherPassword(t)
		owner.keepsOnly(own, thiefs)
	})
}

// Item 67: a lock-out by the new mailbox that the undo overtakes opens nothing.
func TestItem67ALockOutThatTheUndoOvertakesOpensNothing(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	owner := thief.elsewhere()
	undo := thief.moves("mallory@example.com")
	s.mailIsSent()
	link, err := url.Parse(s.lastMail("mallory@example.com").Link)
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := s.auth.ReportCompromise(t.Context(), link.Query().Get("token"), auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	owner.get(undo).submit().redirects(t, "/login/password")
	if _, err := s.auth.Login(t.Context(), user, auth.ByReset(), auth.Browser{}, auth.Client{}); !errors.Is(err, auth.ErrChanged) {
		t.Errorf("it is answered %v", err)
	}
}

// Item 17: what a session does while the address changes is told to the mailbox of now, and not with a link to that of before.
func TestItem17WhatIsInFlightIsToldToTheMailboxOfNow(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	confirm, approve := ada.moving("ada@example.org")
	s.visitor().get(confirm).submit()
	finish := ada.sending("/account/security", "current_password", goodPassword, "password", otherPassword)
	s.visitor().get(approve).submit().redirects(t, "/login")
	finish().redirects(t, "/account/security")
	s.mailIsSent()
	told := func(email string) bool {
		return slices.ContainsFunc(s.mailbox.To(email), func(m mailtest.Message) bool { return strings.Contains(m.Subject, "password was changed") })
	}
	if told("ada@example.com") || !told("ada@example.org") {
		t.Error("it is told to the mailbox of before, or to none")
	}
}

// Item 28: the address changes when both mailboxes have agreed, and not before.
func TestItem28AnAddressChangesWhenBothMailboxesAgree(t *testing.T) {
	for _, first := range []string{"the new one", "the present one"} {
		t.Run(first, func(t *testing.T) {
			s := newStage(t)
			ada := s.member("ada@example.com")
			phone := ada.elsewhere()
			phone.login(goodPassword).redirects(t, "/dashboard")
			ada.get("/account").says(t, "Change")
			confirm, approve := ada.moving("ada@example.org")
			s.visitor().get(confirm).is(t, 200).says(t, "ada@example.org").hides(t, ada.email, "Ada<")
			s.visitor().get(approve).is(t, 200).says(t, "ada@example.org", ada.email)
			links := []string{confirm, approve}
			if first == "the present one" {
				slices.Reverse(links)
			}
			s.visitor().get(links[0]).submit().redirects(t, "/login")
			s.visitor().get(links[0]).redirects(t, "/account/email")
			ada.login(goodPassword).redirects(t, "/dashboard")
			ada.get(links[1]).submit().redirects(t, "/account/email").says(t, "Log in with the new one", "ada@example.org")
			phone.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
			ada.post("/logout")
			ada.login(goodPassword).is(t, 422)
			ada.email = "ada@example.org"
			ada.login(goodPassword).redirects(t, "/dashboard")
		})
	}
}

// Item 34: whoever finds a session open cannot take the account elsewhere.
func TestItem34AnotherAddressAsksForAFreshProof(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(10 * time.Minute)
	ada.post("/account/email", "email", "Ada@Example.ORG").is(t, http.StatusUnauthorized).says(t, "Is it you?").
		submit("answer", goodPassword).redirects(t, "/account/email").says(t, "ada@example.org")
}

// Items 16 and 28: nobody learns whether an address has an account; its owner is told, and the change never comes about.
func TestItem28NobodyIsToldThatAnAddressIsTaken(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.user("bob@example.com")
	ask := func(email string) (*page, *page) {
		page := ada.post("/account/email", "email", email)
		return page, page.redirects(t, "/account/email")
	}
	taken, takenPage := ask(bob.email)
	free, freePage := ask("rob@example.com")
	sameAnswer(t, taken, free)
	if a, b := takenPage.text(), strings.ReplaceAll(freePage.text(), "rob@example.com", bob.email); a != b {
		t.Errorf("the pages differ:\n%s\n%s", a, b)
	}
	if told := bob.mail(); !strings.HasSuffix(told.Link, "/login") || !strings.Contains(told.Text, "wants to have this address") {
		t.Errorf("Bob is told %q", told.Text)
	}
	ada.get("/account/email").submit("email", "Ada@example.com ").is(t, 303) // cancels
	ada.get("/account/email").submit("email", "Ada@example.com ").is(t, 422).says(t, "your address already")
	ada.get("/account/email").submit("email", "nowhere").is(t, 422)
}

func TestAnApprovedChangeToATakenAddressStaysWhereItIs(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.user("bob@example.com")
	ada.post("/account/email", "email", bob.email).is(t, 303)
	ada.get(ada.mail().Link).submit().redirects(t, "/account/email").says(t, "Agreed", "Waiting")
	ada.get("/account").says(t, "ada@example.com")
}

// Item 21: the links are the newest, work once, and not for long; what was canceled is over.
func TestItem21LinksOfAChangeOfAddressEnd(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	old, _ := ada.moving("ada@example.org")
	confirm, approve := ada.moving("ada@example.net")
	s.visitor().get(old).is(t, 410)
	form := s.visitor().get(confirm).is(t, 200)
	ada.post("/account/email/cancel").redirects(t, "/account/email").says(t, "stays as it is", "Present email")
	form.submit().is(t, 410)
	s.visitor().get(approve).is(t, 410)
	confirm, _ = ada.moving("ada@example.net")
	form = s.visitor().get(confirm).is(t, 200)
	s.clock.passes(s.config.ConfirmTTL)
	form.submit().is(t, 410)
}

// Item 28: the way back is the former mailbox's for a week; it ends all sessions and voids what the change allowed.
func TestItem28AChangeOfAddressIsUndoneFromTheFormerMailbox(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	owner := thief.elsewhere()
	undo := thief.moves("thief@example.org")
	thief.post("/password/forgot", "email", thief.email)
	reset := thief.mail().Link
	s.clock.passes(7*24*time.Hour - time.Minute)
	thief.login(goodPassword).redirects(t, "/dashboard")
	page := owner.get(undo).is(t, 200).says(t, "ada@example.com", "choose a new one").hides(t, thief.email)
	page.submit().choosesAnotherPassword(t)
	thief.get("/dashboard").is(t, 303)
	thief.login(goodPassword).is(t, 422)
	thief.get(reset).is(t, 410)
	if told := thief.mail(); !strings.Contains(told.Subject, "belongs to no") {
		t.Errorf("the other mailbox is told %q", told.Subject)
	}
	owner.login(goodPassword).is(t, 422)
	owner.login(otherPassword).redirects(t, "/dashboard")
	owner.get(undo).redirects(t, "/password/forgot").says(t, "already used this link")
}

// Items 17 and 28: what a thief had added before they changed the address goes too, although its alert opens nothing any more.
func TestItem28TheWayBackRemovesWhatWasAddedBeforeTheChange(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, thief *person, add func(*person) factor) {
		owner := thief.elsewhere()
		own := add(thief)
		thiefs := add(thief)
		s.clock.passes(time.Hour)
		thief.get("/account/prove").proves(thiefs)
		undo := thief.moves("thief@example.org")
		owner.get(undo).submit().redirects(t, "/login/factor").proves(own).
			choosesAnotherPassword(t).says(t, "Log in with the new one.")
		owner.keepsOnly(own, thiefs)
	})
}

func TestItem28TheWayBackEndsAfterAWeek(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	undo := ada.moves("ada@example.org")
	form := s.visitor().get(undo).is(t, 200)
	s.clock.passes(7 * 24 * time.Hour)
	form.submit().is(t, 410)
	s.visitor().get(undo).is(t, 410)
}

// Item 28: nobody else can have the former address as long as it may come back; nobody is told so but its mailbox.
func TestItem28TheFormerAddressIsKeptForAWeek(t *testing.T) {
	s := newStage(t)
	ada, bob, eve := s.member("ada@example.com"), s.member("bob@example.com"), s.visitor()
	eve.post("/register", "name", "Eve", "email", ada.email, "password", goodPassword).redirects(t, "/register/sent")
	ada.mail()
	undo := ada.moves("ada@example.org")
	for words, try := range map[string]func() *page{
		"not free yet": func() *page { return eve.post("/register/resend").redirects(t, "/register/sent") },
		"already have": func() *page {
			return bob.post("/account/email", "email", "ada@example.com").redirects(t, "/account/email")
		},
	} {
		try()
		if told := s.mailbox.Next(t, "ada@example.com"); !strings.Contains(told.Subject, words) || !strings.HasSuffix(told.Link, "/login") {
			t.Errorf("the mailbox is told %q", told.Subject)
		}
	}
	s.visitor().get(undo).is(t, 200)
	s.clock.passes(7 * 24 * time.Hour)
	s.visitor().signUp("Eve", "ada@example.com", goodPassword).redirects(t, "/dashboard")
}

// A sign-up that was confirmed in the moment of the change does not slip in either.
func TestASignUpForAnAddressThatIsKeptIsNotConfirmed(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	eve.post("/register", "name", "Eve", "email", "free@example.com", "password", goodPassword).redirects(t, "/register/sent")
	form := eve.get(s.mailbox.Next(t, "free@example.com").Link).is(t, 200)
	bob := s.member("bob@example.com")
	id := bob.formerEmail()
	s.exec("UPDATE former_emails SET email = 'free@example.com' WHERE id = ?", id)
	form.submit().is(t, 410)
}

// Item 28: a thief who moves an account to their mailbox, and back again, has no way back to it, and its owner still has theirs.
func TestItem28GoingThereAndBackLeavesTheWayOfTheFirstMailboxAlone(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	owner := thief.elsewhere()
	first := thief.moves("mallory@example.com")
	thief.moves("mallory@example.org")
	told := thief.leavesAddress("ada@example.com")
	if !strings.HasSuffix(told.Link, "/login") || !strings.Contains(told.Subject, "belongs to no") {
		t.Errorf("the mailbox that was left is told %q", told.Text)
	}
	if n := s.count("former_emails", "email = 'ada@example.com'"); n != 1 || s.count("former_emails", "1=1") != 1 {
		t.Errorf("these are kept:\n%s", s.rows("former_emails", "1=1"))
	}
	s.visitorAs("mallory@example.com").signUp("Mallory", "mallory@example.com", goodPassword).redirects(t, "/dashboard")
	before := len(s.mailbox.To("ada@example.com"))
	owner.get(first).submit().choosesAnotherPassword(t)
	thief.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	owner.login(otherPassword).redirects(t, "/dashboard")
	s.mailIsSent()
	if n := len(s.mailbox.To("ada@example.com")); n != before+1 { // of the new password
		t.Errorf("%d mails say that the address belongs to nobody", n-before-1)
	}
}

// Item 34: a stolen session that proves nothing does not keep its owner at an address.
func TestItem34CancelingAChangeAsksForAFreshProof(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	confirm, approve := ada.moving("ada@example.org")
	s.clock.passes(s.config.ReauthTTL)
	ada.post("/account/email/cancel").is(t, 401)
	s.visitor().get(confirm).submit()
	s.visitor().get(approve).submit().redirects(t, "/login").says(t, "The address is changed.")
}

// Item 28: changes are undone in their order, whichever server's clock is behind.
func TestItem28TheOrderOfChangesIsNotThatOfTheClocks(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	first := ada.moves("ada@example.org")
	s.clock.passes(-time.Second)
	second := ada.moves("ada@example.net")
	s.clock.passes(time.Second)
	s.visitor().get(first).submit().redirects(t, "/login/password")
	s.visitor().get(second).is(t, 410)
}

// Of two changes the way back to the first undoes both; that to the second leaves the first as it was.
func TestUndoingAChangeUndoesThoseAfterIt(t *testing.T) {
	s := newStage(t)
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		p := s.member(email)
		name, _, _ := strings.Cut(email, "@")
		first := p.moves(name + "@example.org")
		second := p.moves(name + "@example.net")
		if name == "ada" {
			s.visitor().get(first).submit().redirects(t, "/login/password")
			s.visitor().get(second).is(t, 410)
			continue
		}
		s.visitor().get(second).submit().redirects(t, "/login/password")
		s.visitor().get(first).submit().redirects(t, "/login/password")
	}
	if s.count("users", "email LIKE '%@example.com'") != 2 || s.count("former_emails", "1=1") != 0 {
		t.Errorf("the addresses are\n%s", s.rows("users", "1=1"))
	}
}

// Item 25: the way back is as good as a reset, and no better.
func TestItem25UndoingAChangeDoesNotBypassTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	ada.elsewhere().get(ada.moves("ada@example.org")).submit().redirects(t, "/login/factor").proves(app).redirects(t, "/login/password")
}

// Whoever reads the present mailbox and has asked for nothing locks the asker out.
func TestTheOwnerDeclinesAChangeAndLocksTheThiefOut(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	owner := thief.elsewhere()
	confirm, approve := thief.moving("thief@example.org")
	s.visitor().get(confirm).submit("decline", "yes").is(t, 410) // the new mailbox has no say in that
	page := owner.get(approve).is(t, 200)
	page.submit("decline", "yes").choosesAnotherPassword(t)
	thief.get("/dashboard").is(t, 303)
	s.visitor().get(confirm).is(t, 410)
	owner.login(otherPassword).redirects(t, "/dashboard")
}

// Item 28: what was mailed to the former address opens nothing any more.
func TestItem28WhatWasMailedBeforeTheChangeIsVoid(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	alert := ada.mail().Link
	ada.post("/password/forgot", "email", ada.email)
	reset := ada.mail().Link
	ada.moves("ada@example.org")
	s.visitor().get(alert).is(t, 410)
	s.visitor().get(reset).is(t, 410)
}

// A new password voids a change that waits: it may have been the thief's.
func TestANewPasswordVoidsAChangeOfAddress(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	confirm, approve := ada.moving("ada@example.org")
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).redirects(t, "/account/security")
	s.visitor().get(confirm).is(t, 410)
	s.visitor().get(approve).is(t, 410)
}

// Items 28 and 67: of fifty who move to one address one has it.
// ASVS 7.4.3, 7.5.2: what a session has asked for ends with it when the owner ends it, however they do that. The attacker holds the session and the
// new mailbox, and only waits for the owner to open the link in the present one.
func TestEmailChange_EndsWithTheSessionThatAskedForIt(t *testing.T) {
	for name, ends := range map[string]func(t *testing.T, s *stage, ada, thief *person){
		"log out other devices": func(t *testing.T, _ *stage, ada, _ *person) {
			ada.post("/account/sessions/end-others").redirects(t, "/account/sessions")
		},
		"log out other devices, after the attacker logged out": func(t *testing.T, _ *stage, ada, thief *person) {
			thief.post("/logout").redirects(t, "/login")
			ada.post("/account/sessions/end-others").redirects(t, "/account/sessions")
		},
		"log out one device": func(t *testing.T, s *stage, ada, _ *person) {
			id := s.values("email_changes", "user_id", ada.user().ID)[0]["session_id"].(string)
			ada.post("/account/sessions/end", "id", id).redirects(t, "/account/sessions")
		},
		"delete the account, and bring it back": func(t *testing.T, s *stage, ada, _ *person) {
			s.visitor().get(ada.leaves().Link).submit().redirects(t, "/login")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ada := s.member("ada@example.com")
			thief := ada.elsewhere()
			thief.login(goodPassword).redirects(t, "/dashboard")
			confirm, approve := thief.moving("mallory@example.com")
			ends(t, s, ada, thief)
			for _, link := range []string{confirm, approve} {
				s.visitor().get(link).is(t, 410)
			}
			if n := s.count("email_changes", "true"); n != 0 {
				t.Errorf("%d changes wait, want 0", n)
			}
			s.records("email.change_canceled")
		})
	}
}

func TestEmailChange_OutlivesTheEndOfOtherSessions(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	confirm, approve := ada.moving("ada@example.org")
	ada.post("/account/sessions/end-others").redirects(t, "/account/sessions")
	s.visitor().get(confirm).submit().redirects(t, "/login")
	s.visitor().get(approve).submit().redirects(t, "/login").says(t, "The address is changed.")
}

// An operator offers a change to a user who has lost the former mailbox. It was asked for in no session, so none takes it along.
func TestEmailChange_OfferedByOperatorOutlivesEverySession(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	if err := s.auth.OfferEmailChange(t.Context(), ada.email, "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	ada.post("/account/sessions/end-others").redirects(t, "/account/sessions")
	s.visitor().get(s.mailbox.Next(t, "ada@example.org").Link).submit().redirects(t, "/login").says(t, "The address is changed.")
}

func TestItem67FiftyWhoMoveToOneAddressHaveOneWinner(t *testing.T) {
	s := newStage(t, noRateLimit)
	people := make([]*person, 50)
	links := make([]string, len(people))
	for i := range people {
		people[i] = s.member("p" + strings.Repeat("x", i) + "@example.com")
		people[i].post("/account/email", "email", "prize@example.org")
		people[i].get(people[i].mail().Link).submit().redirects(t, "/account/email")
		links[i] = s.mailbox.Next(t, "prize@example.org").Link
	}
	var won, lost atomic.Int32
	s.atOnce(len(people), func(i int) {
		link, _ := url.Parse(links[i])
		page, err := people[i].try(http.MethodPost, "/email/change", url.Values{"token": {link.Query().Get("token")}})
		switch {
		case err != nil:
			t.Error(err)
		case page.status == http.StatusSeeOther:
			won.Add(1)
		case page.status == http.StatusGone:
			lost.Add(1)
		default:
			t.Errorf("one was answered %d: %s", page.status, page.text())
		}
	})
	if won.Load() != 1 || lost.Load() != 49 || s.count("users", "email = 'prize@example.org'") != 1 || s.count("email_changes", "1=1") != 0 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
}

// Item 67: both links, each pressed by many at once, change the address once; so does the way back.
func TestItem67FiftyWhoPressTheSameLinksChangeTheAddressOnce(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	confirm, approve := ada.moving("ada@example.org")
	press := func(links ...string) {
		s.atOnce(50, func(i int) {
			link, _ := url.Parse(links[i%len(links)])
			page, err := s.visitor().try(http.MethodPost, link.Path, url.Values{"token": {link.Query().Get("token")}})
			if err != nil || page.status != http.StatusSeeOther && page.status != http.StatusGone {
				t.Errorf("%v, %v", page, err)
			}
		})
	}
	press(confirm, approve)
	press(ada.mail().Link)
	for event, want := range map[string]int64{"email.change_approved": 1, "email.changed": 1, "email.change_undone": 1} {
		if n := s.count("events", "name = ?", event); n != want {
			t.Errorf("%s is on record %d times", event, n)
		}
	}
}

// Item 39: opening a link changes nothing.
func TestItem39OpeningLinksOfAChangeOfAddressChangesNothing(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	confirm, approve := ada.moving("ada@example.org")
	undo := bob.moves("bob@example.org")
	s.visitor().scans(confirm, approve, undo)
}

// Item 18: neither one's own mailbox nor a stranger's is flooded.
func TestItem18AskingForAnotherAddressIsLimited(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 5 {
		ada.post("/account/email", "email", "eve@example.org").is(t, 303)
	}
	ada.post("/account/email", "email", "someone.else@example.org").is(t, 429)
	s.member("bob@example.com").post("/account/email", "email", "eve@example.org").is(t, 429)
}

// Item 17: the mails tell no stranger's words, and each has one link.
func TestTheMailsOfAChangeDoNotRepeatWhatWasTyped(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/account/email", "email", "call-0800-now@evil.example")
	for _, told := range []mailtest.Message{ada.mail(), s.mailbox.Next(t, "call-0800-now@evil.example")} {
		if strings.Contains(told.Text, "0800") || strings.Contains(told.HTML, "0800") {
			t.Errorf("%s", told.Text)
		}
	}
}

// A thief who has taken the account elsewhere cannot burn the way back by having it deleted.
func TestItem28AClosedAccountIsBroughtBackWithItsFormerAddress(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	owner := thief.elsewhere()
	undo := thief.moves("thief@example.org")
	thief.leaves()
	owner.get(undo).is(t, 200).submit().choosesAnotherPassword(t)
	s.clock.passes(8 * 24 * time.Hour)
	if err := s.cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	owner.login(otherPassword).redirects(t, "/dashboard")
}

// Nor does the way back open an account that was disabled for another reason.
func TestItem31ADisabledAccountHasNoWayBack(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	undo := ada.moves("ada@example.org")
	form := s.visitor().get(undo).is(t, 200)
	s.exec("UPDATE users SET disabled_at = ?", s.clock.now())
	s.visitor().get(undo).is(t, 410)
	form.submit().is(t, 410)
}

// Whoever runs the application stands in for a mailbox that is lost; the former one can still undo it.
func TestWhoLostTheMailboxIsMovedByTheAdministrator(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	if err := s.auth.OfferEmailChange(t.Context(), "Ada@example.com", "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	s.visitor().get(s.mailbox.Next(t, "ada@example.org").Link).submit().redirects(t, "/login").says(t, "The address is changed.")
	undo := ada.mail().Link
	ada.email = "ada@example.org"
	ada.login(goodPassword).redirects(t, "/dashboard")
	s.visitor().get(undo).is(t, 200).says(t, "ada@example.com")
	if err := s.auth.OfferEmailChange(t.Context(), ada.email, s.user("bob@example.com").email); err == nil {
		t.Error("she is offered Bob's address")
	}
}

// Item 71: a week after an account has left an address nothing of it is kept there, neither mail that could not be sent nor a count.
func TestItem71ANextOwnerOfAnAddressThatWasLeftInheritsNothing(t *testing.T) {
	s := newStage(t)
	ada, grace := s.member("ada@example.com"), s.member("grace@example.com")
	for range 2 { // strangers guess until the account is closed to them for a month
		s.visitor().post("/login", "email", ada.email, "password", otherPassword).is(t, 422)
		s.hits("login-account", 99)
	}
	ada.moves("ada@example.org")
	grace.moving("grace@example.org")
	s.mailIsSent()
	s.exec("UPDATE outbox SET done_at = NULL, failed_at = created_at")
	s.clock.passes(7 * 24 * time.Hour)
	if err := s.cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, others := s.count("outbox", "kind = 'undo_email_change'"), s.count("outbox", "kind = 'approve_email_change'"); left != 0 || others != 1 {
		t.Errorf("%d mails to her former mailbox are kept, and %d to another", left, others)
	}
	later := s.visitor()
	later.signUp("Ada Byron", "ada@example.com", otherPassword).redirects(t, "/dashboard")
	later.elsewhere().login(otherPassword).redirects(t, "/dashboard")
}

// Item 71: a deletion ends what is kept of former addresses, too.
func TestItem71AFormerAddressIsFreeWithTheAccount(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.formerEmail()
	ada.leaves()
	s.visitor().post("/login", "email", "former-ada@example.com", "password", otherPassword).is(t, 422)
	s.exec("UPDATE former_emails SET expires_at = ?", s.clock.now().Add(14*24*time.Hour))
	s.cleanups()
	if n := s.count("limits", "id LIKE 'login-account%'"); n != 0 {
		t.Errorf("%d counts are left: %s", n, s.rows("limits", "true"))
	}
}

// Item 16: whoever runs the application has closed it, and nobody else is to learn of it.
func TestItem16TheAddressOfAClosedAccountIsTaken(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	s.exec("UPDATE users SET disabled_at = created_at WHERE email = ?", bob.email)
	ada.post("/account/email", "email", bob.email).redirects(t, "/account/email").says(t, bob.email, "Waiting")
	if told := bob.mail(); !strings.HasPrefix(told.Subject, "You already have") {
		t.Errorf("the mailbox is told %q", told.Subject)
	}
}

// Item 28: nor is anything kept for an address that an account had until the change was undone.
func TestItem28NothingIsKeptUnderAnAddressThatWasTakenBack(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	undo := ada.moves("thief@example.com")
	s.mailIsSent()
	s.exec("UPDATE outbox SET done_at = NULL, failed_at = created_at")
	s.visitor().get(undo).submit().redirects(t, "/login/password")
	if n := s.count("outbox", "kind IN ('confirm_email_change', 'email_changed')"); n != 0 {
		t.Errorf("%d mails to the address are kept", n)
	}
}

// Item 17: who reads a mailbox is told when and where the change was asked for: that is where a thief is, and not where a link was pressed.
func TestItem17TheMailsOfAChangeTellWhereItWasAskedFor(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	thief.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	thief.post("/account/email", "email", "thief@example.org")
	asked := s.clock.now().UTC().Format("January 2, 2006 at 15:04 UTC")
	approve := thief.mail()
	s.visitor().get(s.mailbox.Next(t, "thief@example.org").Link).submit()
	s.clock.passes(time.Hour)
	s.visitor().get(approve.Link).submit()
	for _, told := range []mailtest.Message{approve, thief.mail(), s.mailbox.Next(t, "thief@example.org")} {
		for _, want := range []string{asked, thief.ip, "on Windows"} {
			if !strings.Contains(told.Text, want) {
				t.Errorf("%q does not tell %q:\n%s", told.Subject, want, told.Text)
			}
		}
	}
}

// Items 16 and 28: the mailbox of an account that is being deleted is told so, and nobody is led to a link that is dead.
func TestItem28AnAddressOfAnAccountThatIsBeingDeletedIsNotFreeYet(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	bob.leaves()
	ada.post("/account/email", "email", bob.email).redirects(t, "/account/email").says(t, bob.email, "Waiting")
	told := bob.mail()
	if !strings.HasSuffix(told.Link, "/login") || !strings.Contains(told.Text, "an account that will be deleted on") {
		t.Errorf("the mailbox is told %q", told.Text)
	}
	s.visitor().get(ada.mail().Link).submit().redirects(t, "/login").says(t, "once the link in our mail to the other one")
	s.cleanups()
	ada.login(goodPassword)
	ada.moves(bob.email)
}

func TestItem68WhatHappensToAnAddressIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.moving("ada@example.net")
	ada.post("/account/email/cancel").redirects(t, "/account/email")
	ada.get(ada.moves("ada@example.org")).submit()
	if err := s.auth.OfferEmailChange(t.Context(), "ada@example.com", "ada@example.net"); err != nil {
		t.Fatal(err)
	}
	s.records("email.change_requested", "email.change_canceled", "email.change_approved", "email.changed", "email.change_undone", "email.change_offered")
}

// The end of the way back to an address that the account has again takes nothing of it along.
func TestWhatIsKeptUnderAnAddressThatIsBackStays(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.moves("ada@example.org")
	s.clock.passes(time.Minute)
	ada.leavesAddress("ada@example.com")
	ada.email = "ada@example.com"
	s.mailIsSent()
	s.clock.passes(7*24*time.Hour - 5*time.Minute)
	s.mailbox.Stop()
	ada.elsewhere().login(goodPassword).redirects(t, "/dashboard") // which is told of, when the mail server is back
	eve := s.visitorAs(ada.email)
	for range 7 {
		eve.login("wrong wrong wrong wrong")
	}
	waiting, counts := s.count("outbox", "done_at IS NULL AND failed_at IS NULL"), s.rows("limits", "id LIKE 'login-account%'")
	s.clock.passes(10 * time.Minute)
	if err := s.cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.count("outbox", "done_at IS NULL AND failed_at IS NULL"); n != waiting || waiting == 0 {
		t.Errorf("of %d mails %d wait", waiting, n)
	}
	if left := s.rows("limits", "id LIKE 'login-account%'"); left != counts || counts == "" {
		t.Errorf("of the counts %q there are %q", counts, left)
	}
}
