package e2e

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// signUp registers and stops before the mail is read.
func (p *person) signUp() *person {
	p.t.Helper()
	return p.open("/register").fill("Name", p.name).fill("Email", p.email).fill("Password", p.password).
		press("Create account").at("/register/sent", http.StatusOK).sees(p.email)
}

// confirm opens the mailed link and presses its button.
func (p *person) confirm() *person {
	p.t.Helper()
	return p.open(p.message("Confirm").Link).at("/email/confirm", http.StatusOK).
		press("Confirm").at("/dashboard", http.StatusOK)
}

// joins signs up and confirms.
func (p *person) joins() *person {
	p.t.Helper()
	return p.signUp().confirm()
}

func (p *person) logIn() *person {
	p.t.Helper()
	return p.open("/login").fill("Email", p.email).fill("Password", p.password).press("Log in")
}

// lives does everything that a new user does.
func (p *person) lives() {
	p.t.Helper()
	p.joins().sees(p.name)
	p.press("Log out").open("/dashboard").at("/login", http.StatusOK)

	p.open("/password/forgot").fill("Email", p.email).press("Send the link").at("/password/forgot/sent", http.StatusOK)
	p.open(p.message("Reset").Link).at("/password/reset", http.StatusOK)
	p.password = "quiet rivers carry paper boats"
	p.fill("New password", p.password).press("Set new password").at("/login", http.StatusOK)

	p.logIn().at("/dashboard", http.StatusOK)
	p.open("/account").fill("Name", "Ada King").press("Save").at("/account", http.StatusOK).sees("Ada King")
}

func TestAccount_SignUpToReset(t *testing.T) {
	startWithMail(t).visit(t, "Ada Lovelace").lives()
}

func TestAccount_WorksWithoutJavaScript(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").withoutScripts()
	if ada.open("/login").offered("Show password") {
		t.Fatal("a button is offered that only a script can serve, or scripts are on after all")
	}
	ada.lives()
}

func TestSignUp_WorksWithTheDevelopmentMailbox(t *testing.T) {
	ada := start(t).visit(t, "Ada Lovelace").signUp()
	ada.press("Development mailbox").at("/dev/mail", http.StatusOK).press("Confirm").press("Open its link")
	ada.at("/email/confirm", http.StatusOK).press("Confirm").at("/dashboard", http.StatusOK)
}

func TestConfirm_NeedsThePasswordInAnotherBrowser(t *testing.T) {
	s := startWithMail(t)
	ada, eve := s.visit(t, "Ada Lovelace"), s.visit(t, "Eve")
	link := ada.signUp().message("Confirm").Link
	eve.open(link).fill("Password", "a guess of mine, not hers").press("Confirm").at("/email/confirm",
		http.StatusUnprocessableEntity)
	eve.open("/dashboard").at("/login", http.StatusOK)
	ada.open(link).press("Confirm").at("/dashboard", http.StatusOK)
}

func TestSignUp_CorrectsAMistypedAddress(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").signUp()
	wrong := ada.message("Confirm").Link
	ada.email = "ada@example.org"
	ada.toggle("Wrong address?").fill("Your email", ada.email).press("Correct").at("/register/sent",
		http.StatusOK).sees(ada.email)
	ada.confirm().press("Log out").open(wrong)
	if ada.offered("Confirm") {
		t.Error("the link to the wrong address still works")
	}
}

func TestLogin_ReturnsToThePage(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().press("Log out")
	ada.open("/account/sessions").at("/login", http.StatusOK)
	ada.fill("Email", ada.email).fill("Password", ada.password).press("Log in").at("/account/sessions", http.StatusOK)
}

func TestLogout_LeavesNothingBehindTheBackButton(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account").press("Log out").back()
	if page := ada.text(); strings.Contains(page, ada.email) || strings.Contains(page, ada.name) {
		t.Errorf("after logging out, back shows:\n%s", page)
	}
}

func TestSessions_AreEndedFromAnotherDevice(t *testing.T) {
	s := startWithMail(t)
	phone, laptop := s.visit(t, "Ada Lovelace"), s.visit(t, "Ada Lovelace")
	phone.joins()
	laptop.logIn().open("/account/sessions").press("End the session").at("/account/sessions", http.StatusOK)
	phone.open("/dashboard").at("/login", http.StatusOK)
	laptop.open("/dashboard").at("/dashboard", http.StatusOK)
}

func TestPasswordChange_LogsOutOtherDevices(t *testing.T) {
	s := startWithMail(t)
	phone, laptop := s.visit(t, "Ada Lovelace"), s.visit(t, "Ada Lovelace")
	phone.joins()
	laptop.logIn().open("/account/security").fill("Current password", laptop.password).fill("New password",
		"quiet rivers carry paper boats")
	laptop.press("Change password").at("/account/security", http.StatusOK).message("password was changed")
	phone.open("/dashboard").at("/login", http.StatusOK)
	laptop.open("/dashboard").at("/dashboard", http.StatusOK)
}

func TestForm_ShowsErrorsAndFocusesTheSummary(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace")
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/register").fill("Name", ada.name).fill("Email", "ada").fill("Password",
			"tiny secret").press("Create account")
		ada.at("/register", http.StatusUnprocessableEntity).hasFocus("alert", "")
		if kept := ada.value("Name") + " " + ada.value("Email"); kept != ada.name+" ada" {
			t.Errorf("scripts %t: of what was typed, %q is left", scripts, kept)
		}
		if ada.value("Password") != "" {
			t.Errorf("scripts %t: the password came back", scripts)
		}
		for _, field := range []string{"Email", "Password"} {
			problem := text(ada.node(field, "textbox").Description)
			if !ada.offered(strings.SplitAfter(problem, ".")[0]) {
				t.Errorf("scripts %t: %s says %q, to which the summary has no link", scripts, field, problem)
			}
		}
		ada.keys("\t\r").hasFocus("textbox", "Email")
	}
}

func TestPages_WorkByKeyboard(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace")
	enter := typing("\r")
	ada.open("/").tabTo("Skip to content").tabTo("Sign up").arrive(enter).at("/register", http.StatusOK)
	ada.hasFocus("textbox", "Name").keys(ada.name).tabTo("Email").keys(ada.email).tabTo("Password").keys(ada.password).tabTo("Create account")
	ada.arrive(enter).at("/register/sent", http.StatusOK)
	ada.open(ada.message("Confirm").Link).tabTo("Confirm and log in").arrive(enter).at("/dashboard", http.StatusOK)
	ada.tabTo("Account").arrive(enter).at("/account", http.StatusOK)
	ada.tabTo("Log out").arrive(enter).open("/login")
	ada.hasFocus("textbox", "Email").keys(ada.email).tabTo("Password").keys(ada.password).arrive(enter).at("/dashboard", http.StatusOK)
}

func TestPasswordField_ShowsThePassword(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace")
	ada.open("/login").fill("Password", ada.password)
	if ada.value("Password") == ada.password {
		t.Fatal("the password is to be read before the button is pressed")
	}
	if ada.toggle("Show password"); ada.value("Password") != ada.password {
		t.Errorf("the field shows %q", ada.value("Password"))
	}
}

func TestForm_IsSentOnce(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").open("/register")
	evaluate[bool](ada, `addEventListener("submit", event => {
		if (!event.defaultPrevented) window.sent = (window.sent ?? 0) + 1
		event.preventDefault() // stays here, as if the answer took long
	}), true`)
	ada.toggle("Create account").toggle("Create account")
	if sent := evaluate[int](ada, "window.sent"); sent != 1 {
		t.Errorf("three clicks: got %d requests, want 1", sent)
	}
	if !evaluate[bool](ada, `document.activeElement.ariaBusy === "true"`) {
		t.Error("the button does not say that it is working")
	}
}

func TestMailedLink_RemovesItsTokenFromTheAddressBar(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").signUp()
	if address := ada.open(ada.message("Confirm").Link).address(); address != "/email/confirm" {
		t.Errorf("the address bar shows %s", address)
	}
}

func TestAccountPages_OpenByOneButtonOnAPhone(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().withoutScripts().look("light", 360)
	ada.open("/account/security")
	if ada.offered("Sessions") {
		t.Error("the list is open before anybody asks for it")
	}
	ada.toggle("Account pages").press("Sessions").at("/account/sessions", http.StatusOK)
	ada.look("light", 1280).press("Security").at("/account/security", http.StatusOK)
}

func TestReportCompromise_LocksTheAttackerOut(t *testing.T) {
	s := startWithMail(t)
	ada, thief := s.visit(t, "Ada Lovelace"), s.visit(t, "Ada Lovelace")
	ada.joins()
	thief.logIn().at("/dashboard", http.StatusOK)
	ada.open(ada.message("New login").Link).press("Lock everybody out").at("/login/password", http.StatusOK)
	thief.open("/dashboard").at("/login", http.StatusOK)
	thief.logIn().at("/login", http.StatusUnprocessableEntity)
	ada.password = "quiet rivers carry paper boats"
	ada.fill("New password", ada.password).press("Set new password").at("/login", http.StatusOK)
	ada.logIn().at("/dashboard", http.StatusOK)
}

// An operator voids a password that others may know.
func TestExpirePassword_LetsTheOwnerChooseANewOne(t *testing.T) {
	s := startWithMail(t)
	ada, thief := s.visit(t, "Ada Lovelace").joins(), s.visit(t, "Ada Lovelace")
	s.runs(t, "user", "expire-password", ada.email)
	ada.open("/dashboard").at("/login", http.StatusOK)
	thief.logIn().at("/login", http.StatusUnprocessableEntity)
	ada.open(ada.message("Choose a new password").Link).at("/password/forgot", http.StatusOK).fill("Email",
		ada.email).press("Send the link")
	ada.password = "quiet rivers carry paper boats"
	ada.open(ada.message("Reset").Link).fill("New password",
		ada.password).press("Set new password").at("/login", http.StatusOK)
	ada.logIn().at("/dashboard", http.StatusOK)
}

// ASVS 5.0 V15.2.2: a client that sends a header or a form slowly can't hold a
// connection indefinitely.
func TestServer_DisconnectsASlowSender(t *testing.T) {
	t.Parallel() // most of it is waiting
	s := start(t)
	for what, slow := range map[string]struct {
		sent string
		most time.Duration
	}{
		"a header": {"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 15 * time.Second},
		"a form": {"POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: " + s.url +
			"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nemail=",
			40 * time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			line, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer line.Close()
			if _, err := line.Write([]byte(slow.sent)); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, line)
				close(ended)
			}()
			late, beat := time.After(slow.most), time.NewTicker(time.Second)
			defer beat.Stop()
			for {
				select {
				case <-ended:
					return
				case <-beat.C:
					_, _ = line.Write([]byte("x")) // that it fails shows in the answer's end
				case <-late:
					t.Fatalf("after %s it is still listened to", slow.most)
				}
			}
		})
	}
}
