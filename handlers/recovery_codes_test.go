package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/models"
)

// recoveryCodes are new ones of the person's, who has a second factor.
func (p *person) recoveryCodes() (codes []string) {
	p.s.t.Helper()
	page := p.post("/account/recovery-codes").is(p.s.t, 200)
	for _, code := range page.all("code") {
		codes = append(codes, code.FirstChild.Data)
	}
	p.mail()
	return codes
}

// recoveryCode is the id of one that the person has.
func (p *person) recoveryCode() string {
	p.s.t.Helper()
	id := uuid.NewString()
	if err := p.s.db.Create(&models.RecoveryCode{ID: id, UserID: p.user().ID, CodeHash: []byte(id), CreatedAt: p.s.clock.now()}).Error; err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

func TestSomebodyWhoLostThePhoneLogsInWithARecoveryCode(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	codes := ada.recoveryCodes()
	if len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	ada.post("/logout")
	other := ada.login(goodPassword).redirects(t, "/login/factor").submit("choose", "recovery_codes").is(t, 200).says(t, "Recovery code")
	other.submit("answer", strings.ToUpper(strings.ReplaceAll(codes[3], "-", "–"))+"\t").redirects(t, "/dashboard")
	if mail := ada.mail(); !strings.Contains(mail.Text, "9 recovery codes left") {
		t.Errorf("the mail says %s", mail.Text)
	}
	ada.post("/logout")
	ada.login(goodPassword)
	ada.post("/login/factor", "factor", "recovery_codes", "answer", codes[3]).is(t, 422)
}

func TestItem47NewCodesVoidTheOldAndNoneIsStoredAsShown(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/account/recovery-codes").is(t, 422).says(t, "second factor first")
	ada.secondFactor()
	old, codes := ada.recoveryCodes(), ada.recoveryCodes()
	if kept := s.rows("recovery_codes", "1=1"); strings.Contains(kept, codes[0]) || strings.Contains(kept, strings.ReplaceAll(codes[0], "-", "")) {
		t.Error("the codes are in the database")
	}
	if len(strings.ReplaceAll(codes[0], "-", ""))*5 < 112 {
		t.Errorf("%s has too few bits for SHA-256", codes[0])
	}
	ada.post("/logout")
	ada.login(goodPassword)
	ada.post("/login/factor", "factor", "recovery_codes", "answer", old[0]).is(t, 422)
	ada.post("/login/factor", "factor", "recovery_codes", "answer", codes[0]).redirects(t, "/dashboard")
}

// Item 33: whoever has made new codes, perhaps since somebody has seen the old, is led to where other sessions are ended.
func TestItem33WhoMakesRecoveryCodesIsOfferedToEndOtherSessions(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	ada.post("/account/recovery-codes").is(t, 200).hides(t, "Other devices")
	phone := ada.elsewhere()
	phone.login(goodPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
	ada.post("/account/recovery-codes").is(t, 200).says(t, "Other devices are still logged in", "log them out")
}

func TestItem67FiftyRequestsWithOneRecoveryCodeAreOneLogIn(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	code := ada.recoveryCodes()[0]
	people := s.owingAtOnce(ada.email, 50)
	s.atOnce(len(people), func(i int) {
		people[i].races("/login/factor", url.Values{"factor": {"recovery_codes"}, "answer": {code}})
	})
	if in := s.count("sessions", "method = 'password recovery_codes'"); in != 1 {
		t.Errorf("%d are let in", in)
	}
}

func TestWhoHasFewRecoveryCodesIsTold(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	codes := ada.recoveryCodes()
	ada.get("/account/recovery-codes").says(t, "10 of your codes are unused.")
	for i, code := range codes[:7] {
		if i == 6 {
			ada.get("/account/recovery-codes").says(t, "4 of your codes are unused.").hides(t, "Only")
		}
		s.clock.passes(10 * time.Minute)
		ada.get("/account/recovery-codes").is(t, 200)
		ada.post("/account/prove", "factor", "recovery_codes", "answer", code).redirects(t, "/account")
		ada.mail()
	}
	ada.get("/account/recovery-codes").says(t, "Only 3 left")
}

func TestRecoveryCodesAreDownloadedAsAFile(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	shown := ada.post("/account/recovery-codes").is(t, 200)
	file := shown.submit().is(t, 200)
	if !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") || strings.Count(file.body, "\n") != 10 {
		t.Errorf("%v %q", file.header, file.body)
	}
}

// A recovery code is read as people type it, and what can't be one uses up no try.
func TestRecoveryCodes_AreReadAsPeopleTypeThem(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	code := ada.recoveryCodes()[0]
	asked := ada.elsewhere()
	asked.login(goodPassword).redirects(t, "/login/factor")
	answer := func(typed string) *page {
		return asked.post("/login/factor", "factor", "recovery_codes", "answer", typed)
	}
	for _, typed := range []string{"000000", code[:20], code + "0", strings.Repeat("u", 24), "-"} {
		for range 3 {
			answer(typed).is(t, 422).says(t, "24 letters and digits")
		}
	}
	wide := strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, strings.ToUpper(code))
	answer("\ufeff"+wide+"\u200b").redirects(t, "/dashboard")
}

// Item 25: who has lost the phone and the password has the mailbox and the codes.
func TestARecoveryCodeOpensAReset(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	codes := ada.recoveryCodes()
	ada.post("/password/forgot", "email", ada.email)
	asked := ada.get(ada.mail().Link).submit().redirects(t, "/login/factor").submit("choose", "recovery_codes").is(t, 200).says(t, "Go on")
	asked.submit("answer", codes[0]).choosesAnotherPassword(t)
}

// Item 14: nobody finds a code of 120 bits by trying, so that trying keeps nobody from using one
// elsewhere. Each login and each address have their tries all the same: what is wrong is written down, and asks the database.
func TestItem14WrongRecoveryCodesKeepNobodyFromTheRightOne(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	code := ada.recoveryCodes()[0]
	thief := ada.elsewhere()
	tries := func(answer string) *page {
		return thief.post("/login/factor", "factor", "recovery_codes", "answer", answer)
	}
	for range 2 {
		thief.login(goodPassword).redirects(t, "/login/factor")
		for range 5 {
			tries("0000-0000-0000-0000-0000-0000").is(t, 422)
		}
		tries(code).redirects(t, "/login")
	}
	thief.login(goodPassword).redirects(t, "/login/factor")
	tries(code).is(t, 429)
	phone := ada.elsewhere()
	phone.login(goodPassword).redirects(t, "/login/factor")
	phone.post("/login/factor", "factor", "recovery_codes", "answer", code).redirects(t, "/dashboard")
}

// Item 17: codes that a thief has made go with the word that it was not the owner who made them.
func TestItem17AThiefsRecoveryCodesAreNoWayIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	own := ada.secondFactor()
	codes := ada.twin().recoveryCodes()
	ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(own).
		choosesAnotherPassword(t)
	ada.login(otherPassword).redirects(t, "/login/factor")
	ada.post("/login/factor", "factor", "recovery_codes", "answer", codes[0]).is(t, 422)
}

func TestItem67TenRightCodesForOneSignInAreOneLogIn(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	codes := ada.recoveryCodes()
	ada.post("/logout")
	ada.enters()
	browsers := make([]*person, len(codes))
	for i := range browsers {
		browsers[i] = ada.twin()
	}
	s.atOnce(len(browsers), func(i int) {
		browsers[i].races("/login/factor", url.Values{"factor": {"recovery_codes"}, "answer": {codes[i]}})
	})
	if n := s.count("sessions", "expires_at > ?", s.clock.now()); n != 1 {
		t.Errorf("%d are let in", n)
	}
}

func TestItem68WhatHappensToRecoveryCodesIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	ada.post("/account/prove", "factor", "recovery_codes", "answer", ada.recoveryCodes()[0]).redirects(t, "/account")
	s.records("recovery_codes.made", "recovery_code.used")
}

func TestItem67FiftyWhoMakeCodesAtOnceMakeTen(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	ada.sendsFifty("/account/recovery-codes", func(int) url.Values { return nil })
	if n := s.count("recovery_codes", "1=1"); n != 10 {
		t.Errorf("there are %d", n)
	}
}

// Item 67: the same of a recovery code, whose use would mail a living link to whoever has the mailbox by then.
func TestItem67ARecoveryCodeHeldBackUntilTheAccountIsLockedIsNotUsed(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	codes := ada.recoveryCodes()
	for i, path := range []string{"/login/factor", "/account/prove"} {
		thief := ada.twin()
		if path == "/login/factor" {
			thief = ada.elsewhere()
			thief.login(goodPassword).redirects(t, "/login/factor")
		}
		finish := thief.sending(path, "factor", "recovery_codes", "answer", codes[i])
		if path == "/login/factor" {
			s.exec("DELETE FROM pending_logins") // as every way of locking does
		} else {
			s.exec("UPDATE sessions SET expires_at = ?", s.clock.now())
		}
		finish().redirects(t, "/login")
	}
	if n := s.count("recovery_codes", "1=1"); n != 10 {
		t.Errorf("%d codes are left", n)
	}
}

func TestEarlierDatabase_EachRecoveryCodeWorksOnce(t *testing.T) {
	if len(secondFactors()) == 0 {
		t.Skip("there is no kind of second factor in this application")
	}
	e := newEarlier(t)
	grace, known := e.browser("grace@example.com")
	codes := strings.Fields(known.Secrets["recovery codes"])
	for n, code := range codes[:2] {
		asked := e.elsewhere(grace.email).redirects(t, "/login/factor")
		if n > 0 {
			asked.submit("factor", "recovery_codes", "answer", codes[n-1]).is(t, 422)
		}
		asked.submit("factor", "recovery_codes", "answer", code).redirects(t, "/dashboard")
	}
}
