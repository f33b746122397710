package views_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/dev"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/views/ui"
	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

var now = time.Date(2026, time.November, 22, 14, 1, 10, 0, time.UTC)

const (
	secret = "correct horse battery staple" // stands for every password
	markup = `<script>alert(1)</script>"'`  // stands for what an attacker calls himself
)

func person() *models.User {
	return &models.User{ID: "1", Name: markup, Email: "ada@example.com", CreatedAt: now}
}

func faults(fields ...string) map[string]string {
	problems := map[string]string{"unlisted": "A problem of a field that the form does not show."}
	for _, field := range fields {
		problems[field] = "A problem of " + field + "."
	}
	return problems
}

// guestPages are those of the logged out, in each of their states.
func guestPages() map[string]templ.Component {
	register := views.RegisterForm{Name: markup, Email: markup, Password: secret, Next: "/reports?a=1&b=2"}
	login := views.LoginForm{Email: markup, Password: secret, Remember: true, Errand: views.Errand{Next: "/reports?a=1&b=2"}}
	reset := views.ResetForm{Token: "token", Password: secret}
	confirm := views.ConfirmForm{Token: "token", Password: secret}
	return map[string]templ.Component{
		"register":              views.Register(register, 15, nil),
		"register, wrong":       views.Register(register, 15, faults("name", "email", "password")),
		"register sent":         views.RegisterSent(markup, views.CorrectForm{}, nil),
		"register sent, wrong":  views.RegisterSent(markup, views.CorrectForm{Email: markup}, faults("email")),
		"confirm":               views.ConfirmEmail(confirm, markup, false, nil),
		"confirm, asking":       views.ConfirmEmail(confirm, markup, true, nil),
		"confirm, wrong":        views.ConfirmEmail(confirm, markup, true, faults("password")),
		"login":                 views.Login(login, nil),
		"login, wrong":          views.Login(login, map[string]string{"": "Email or password is not right."}),
		"forgot":                views.ForgotPassword(views.ForgotForm{}, nil),
		"forgot, wrong":         views.ForgotPassword(views.ForgotForm{Email: markup}, faults("email")),
		"forgot, sent":          views.ForgotPasswordSent(30 * time.Minute),
		"reset":                 views.ResetPassword(reset, markup, 15, nil),
		"reset, second factor":  views.ResetPasswordFirst(reset, markup),
		"reset, wrong":          views.ResetPassword(reset, markup, 15, faults("password")),
		"factor":                views.SecondFactor(views.FactorForm{Answer: secret}, views.FactorsNamed([]string{"totp", "recovery_codes"}), nil),
		"factor, wrong":         views.SecondFactor(views.FactorForm{Factor: "recovery_codes", Answer: secret}, views.FactorsNamed([]string{"totp", "recovery_codes"}), faults("answer")),
		"security alert":        views.SecurityAlert(views.SecurityAlertForm{Token: markup}, person()),
		"new password":          views.NewPassword(views.NewPasswordForm{Password: secret, Errand: views.Errand{Next: "/reports?a=1&b=2"}}, markup, 15, nil),
		"new password, wrong":   views.NewPassword(views.NewPasswordForm{Password: secret, Resets: true}, markup, 15, faults("password")),
		"account recovery":      views.AccountRecovery(views.AccountRecoveryForm{Token: markup}, markup),
		"mail login":            views.MailLogin(views.MailLoginForm{Email: markup, Remember: true, Errand: views.Errand{Next: "/reports?a=1&b=2"}}, nil), // feature:mail_login
		"mail login, wrong":     views.MailLogin(views.MailLoginForm{Email: markup}, faults("email")),                                                     // feature:mail_login
		"mail login, sent":      views.MailLoginSent(views.MailCodeForm{Kept: markup}, 10*time.Minute, nil),                                               // feature:mail_login
		"mail code, wrong":      views.MailLoginSent(views.MailCodeForm{Code: markup}, 10*time.Minute, faults("code")),                                    // feature:mail_login
		"mail link":             views.MailLoginLink(views.MailLinkForm{Token: markup}, markup),                                                           // feature:mail_login
		"mail link, elsewhere":  views.MailLoginElsewhere(),                                                                                               // feature:mail_login
		"factor, passkey":       views.SecondFactor(views.FactorForm{}, views.FactorsNamed([]string{"passkeys", "recovery_codes"}), faults("answer")),     // feature:passkeys
		"account restore":       views.RestoreAccount(views.RestoreAccountForm{Token: markup}, markup, now),
		"email, confirm":        views.ConfirmNewEmail(views.EmailLinkForm{Token: markup}, markup),
		"email, approve":        views.ApproveEmail(views.EmailLinkForm{Token: markup}, markup, markup),
		"email, undo":           views.UndoEmail(views.EmailLinkForm{Token: markup}, person(), markup),
		"terms, accept":         views.AcceptTerms(views.TermsForm{Version: markup, Errand: views.Errand{Next: "/reports?a=1&b=2"}}, "", nil), // feature:terms
		"terms, changed":        views.AcceptTerms(views.TermsForm{Version: markup}, markup, map[string]string{"": markup}),                   // feature:terms
		"register, terms":       views.Register(views.RegisterForm{Terms: true}, 15, nil),                                                     // feature:terms
		"link dead":             views.LinkInvalid(markup, markup, "/password/forgot"),
		"link dead, leading to": views.LinkInvalid("Dead", "Go", "javascript:alert(1)"),
	}
}

// appPages are those of the logged in.
func appPages() map[string]templ.Component {
	security := views.SecurityForm{CurrentPassword: secret, Password: secret}
	sessions := []models.Session{
		{ID: "a", IP: "203.0.113.7", Device: markup, CreatedAt: now, LastSeenAt: now},
		{ID: "b", IP: "2001:db8::1", Device: "Safari on iPhone", CreatedAt: now.AddDate(0, -2, 0), LastSeenAt: now.Add(-2 * time.Minute)},
		{ID: "c", CreatedAt: now, LastSeenAt: now},
	}
	kept := views.KeptForm{Action: "/account", Fields: []views.KeptField{{Name: markup, Value: markup}, {Name: "first_name"}}, Secrets: true, Files: true}
	return map[string]templ.Component{
		"kept":                  views.Kept(person(), kept),
		"dashboard":             views.Dashboard(person(), nil),
		"dashboard, reports":    views.Dashboard(person(), &models.SignUps{Week: 3}),
		"sign-ups":              views.SignUps(person(), models.SignUps{Day: 1, Week: 3, Month: 12}),
		"account":               views.Account(person(), views.AccountForm{Name: markup}, nil),
		"account, wrong":        views.Account(person(), views.AccountForm{}, faults("name")),
		"preferences":           views.Preferences(person(), models.PreferencesForm{Theme: "dark", Language: "en-GB", TimeZone: "Europe/Rome"}, nil, now),
		"preferences, odd":      views.Preferences(person(), models.PreferencesForm{Theme: markup, Language: markup, TimeZone: markup}, faults("theme", "language", "time_zone"), now),
		"security":              views.Security(person(), nil, security, 15, nil),
		"prove":                 views.Reauthenticate(person(), views.FactorForm{Factor: "password", Answer: secret}, views.FactorsNamed([]string{"password"}), nil),
		"authenticators":        views.TOTP(person(), []models.Authenticator{{ID: "1", Name: markup, LastUsedAt: now}, {ID: "2", Name: "Phone"}}, views.AuthenticatorForm{ID: "2", Name: markup}, faults("name"), now),                                                                       // feature:totp
		"authenticators, none":  views.TOTP(person(), nil, views.AuthenticatorForm{}, nil, now),                                                                                                                                                                                              // feature:totp
		"authenticator, new":    views.NewTOTP(person(), views.Enrollment{Key: "ABCD", URL: "otpauth://totp/x", QRSize: 1, QRPath: "M0 0h1v1h-1z"}, views.NewTOTPForm{Name: markup, Code: "123456"}, faults("code", "name")),                                                                 // feature:totp
		"passkeys":              views.Passkeys(person(), []views.PasskeyRow{{ID: "1", Name: markup, Maker: markup, Synced: true, CreatedAt: now, LastUsedAt: &now}, {ID: "2", Name: "Phone", CreatedAt: now}}, views.PasskeyForm{ID: "2", Name: markup}, faults("name"), markup, true, now), // feature:passkeys
		"passkeys, none":        views.Passkeys(person(), nil, views.PasskeyForm{}, nil, "", true, now),                                                                                                                                                                                      // feature:passkeys
		"passkeys, nowhere":     views.Passkeys(person(), nil, views.PasskeyForm{}, map[string]string{"": markup}, "", false, now),                                                                                                                                                           // feature:passkeys
		"passkey, new":          views.NewPasskey(person(), true, map[string]string{"": markup}),                                                                                                                                                                                             // feature:passkeys
		"passkey, nowhere":      views.NewPasskey(person(), false, nil),                                                                                                                                                                                                                      // feature:passkeys
		"recovery codes":        views.RecoveryCodes(person(), 2, 3, faults("")),                                                                                                                                                                                                             // feature:recovery_codes
		"recovery codes, none":  views.RecoveryCodes(person(), 0, 3, nil),                                                                                                                                                                                                                    // feature:recovery_codes
		"recovery codes, new":   views.NewRecoveryCodes(person(), []string{markup}, true),                                                                                                                                                                                                    // feature:recovery_codes
		"security, wrong":       views.Security(person(), []views.SecurityItem{{Name: markup, Text: markup, Urgent: markup, Href: "/", Action: markup}, {On: true, Href: "/x", Action: "More"}}, security, 15, faults("current_password", "password")),
		"sessions":              views.Sessions(person(), sessions, "a", now),
		"sessions, one":         views.Sessions(person(), sessions[:1], "a", now),
		"account export":        views.AccountExport(person(), []views.ExportContent{{Name: markup, Says: markup}}),
		"activity":              views.Activity(&models.Actor{User: *person(), Session: models.Session{ID: "a"}}, models.List[models.Event]{Rows: []models.Event{{Name: markup, Device: markup, IP: markup, Detail: markup, At: now}, {Name: "login.failed", Detail: `{"method":"password"}`}}, Size: 20, Total: 41}, views.ActivityRefused, views.ActivityWords{}, now),
		"activity, none":        views.Activity(&models.Actor{User: *person(), Session: models.Session{ID: "a"}}, models.List[models.Event]{}, views.ActivityAll, views.ActivityWords{}, now),
		"activity, no find":     views.Activity(&models.Actor{User: *person(), Session: models.Session{ID: "a"}}, models.List[models.Event]{Query: models.Query{Search: markup}}, views.ActivityAll, views.ActivityWords{}, now),
		"notes":                 views.Notes(person(), models.List[models.Note]{Rows: []models.Note{note()}, Size: 20, Total: 41}, now),                      // feature:notes
		"notes, none":           views.Notes(person(), models.List[models.Note]{}, now),                                                                      // feature:notes
		"notes, no find":        views.Notes(person(), models.List[models.Note]{Query: models.Query{Search: markup}}, now),                                   // feature:notes
		"note":                  views.Note(person(), note(), models.NoteImage{}, nil, now),                                                                  // feature:notes
		"note, wrong picture":   views.Note(person(), note(), models.NoteImage{Owned: note().Owned, NoteID: "1", Width: 4, Height: 3}, faults("image"), now), // feature:notes
		"note, new":             views.NewNote(person(), models.NoteForm{}, nil),                                                                             // feature:notes
		"note, wrong":           views.EditNote(person(), "1", note().Form(), faults("title", "body")),                                                       // feature:notes
		"account delete":        views.DeleteAccount(person(), 7*24*time.Hour, views.DeleteAccountForm{}, nil),
		"account delete, wrong": views.DeleteAccount(person(), 7*24*time.Hour, views.DeleteAccountForm{Confirmation: markup}, faults("confirmation")),
		"trusted devices":       views.TrustedDevices(person(), []models.TrustedDevice{{ID: "1", Device: markup, IP: markup, CreatedAt: now, LastUsedAt: now, ExpiresAt: now}, {ID: "2"}}, now), // feature:trusted_devices
		"trusted devices, none": views.TrustedDevices(person(), nil, now),                                                                                                                       // feature:trusted_devices
		"email":                 views.Email(person(), views.EmailForm{}, nil),
		"email, wrong":          views.Email(person(), views.EmailForm{Email: markup}, faults("email")),
		"email, waiting":        views.EmailWaiting(person(), models.EmailChange{Email: markup, NewProvenAt: &now, ExpiresAt: now}, now),
		"picture":               views.ProfilePicture(person(), true, nil),                // feature:profile_picture
		"picture, wrong":        views.ProfilePicture(person(), false, faults("picture")), // feature:profile_picture
	}
}

// sitePages are those for anyone.
func sitePages() map[string]templ.Component {
	row := dev.MailRow{ID: "1", Kind: "confirm_address", To: markup, Subject: markup, State: "parked", Error: markup, Attempts: 8, At: now}
	pages := map[string]templ.Component{
		"home":            views.Home(nil),
		"home, logged in": views.Home(person()),
		"mailbox, empty":  dev.Mail(nil, ""),
		"mailbox":         dev.Mail([]dev.MailRow{row}, "The mail server answers 554"),
		"mail":            dev.MailMessage(dev.MailView{MailRow: row, Text: markup, Link: "http://localhost:3000/email/confirm?token=t"}),
		"mail, odd link":  dev.MailMessage(dev.MailView{MailRow: row, Link: "javascript:alert(1)"}),
		"too many":        views.Error(views.ErrorPage{Status: 429, RetryAt: now.Add(230 * time.Second)}, now),
		"error, told":     views.Error(views.ErrorPage{Status: 403, Title: markup, Text: markup}, now),
	}
	pages["terms"] = views.Terms(markup)   // feature:terms
	pages["terms, none"] = views.Terms("") // feature:terms
	pages["mail previews"] = dev.MailPreviews([]dev.MailRow{row})
	pages["mail preview"] = dev.MailPreview(dev.MailView{MailRow: row, Text: markup})
	pages["parts"] = dev.UI()
	for _, part := range dev.UIParts() {
		pages["parts, "+part.Slug] = dev.UIShow(part, "dark")
	}
	for _, status := range []int{400, 403, 404, 405, 413, 415, 429, 500, 502, 503} {
		pages["error "+strconv.Itoa(status)] = views.Error(views.ErrorPage{Status: status}, now)
	}
	return pages
}

func allPages() map[string]templ.Component {
	all := guestPages()
	maps.Copy(all, appPages())
	maps.Copy(all, sitePages())
	return all
}

// page is a rendered page: its text, its elements in order, and those that have an id.
type page struct {
	text     string
	elements []*html.Node
	byID     map[string]*html.Node
}

func render(t *testing.T, c templ.Component, r layout.Request) page {
	t.Helper()
	if r.AppName == "" {
		r.AppName = "Acme"
	}
	var b strings.Builder
	if err := c.Render(layout.With(context.Background(), r), &b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	p := page{text: b.String(), byID: map[string]*html.Node{}}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		p.elements = append(p.elements, n)
		if id := attr(n, "id"); id != "" {
			if p.byID[id] != nil {
				t.Errorf("two elements have the id %q", id)
			}
			p.byID[id] = n
		}
	}
	return p
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func each(t *testing.T, pages map[string]templ.Component, r layout.Request, check func(*testing.T, page)) {
	t.Helper()
	for name, c := range pages {
		t.Run(name, func(t *testing.T) { check(t, render(t, c, r)) })
	}
}

// ASVS 6.2.6: what was typed into a password field is not sent back, whatever else is wrong with the form.
func TestNoPageEchoesAPassword(t *testing.T) {
	each(t, allPages(), layout.Request{}, func(t *testing.T, p page) {
		if strings.Contains(p.text, secret) {
			t.Error("the password is in the page")
		}
		for _, n := range p.elements {
			if n.Data == "input" && attr(n, "type") == "password" && has(n, "value") {
				t.Error("a password field has a value")
			}
		}
	})
}

// ASVS 1.2.1, 1.2.2, 3.4.3: what people type stays text, and the policy without unsafe- has nothing to block.
func TestNoPageHoldsAnInlineScriptStyleOrHandler(t *testing.T) {
	each(t, allPages(), layout.Request{Notice: ui.Message{Text: markup}, AppName: markup, Development: true}, func(t *testing.T, p page) {
		for _, n := range p.elements {
			if n.Data == "style" || n.Data == "base" || n.Data == "script" && (n.FirstChild != nil || !strings.HasPrefix(attr(n, "src"), "/assets/")) {
				t.Errorf("inline <%s>", n.Data)
			}
			for _, a := range n.Attr {
				value := strings.ToLower(strings.TrimSpace(a.Val))
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" ||
					strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:") {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
	})
}

func TestEveryPageSaysWhereItIs(t *testing.T) {
	title := regexp.MustCompile(`<title>[^<]+ · Acme</title>`)
	each(t, allPages(), layout.Request{AppName: "Acme", User: person(), Notice: ui.Message{Text: "Saved once."}, Path: "/account"}, func(t *testing.T, p page) {
		if !title.MatchString(p.text) {
			t.Error("the title is not of the form Page · Acme")
		}
		count := map[string]int{}
		for _, n := range p.elements {
			count[n.Data]++
		}
		if count["main"] != 1 || count["h1"] != 1 || strings.Count(p.text, "Saved once.") != 1 {
			t.Errorf("%d main, %d h1, %d notices", count["main"], count["h1"], strings.Count(p.text, "Saved once."))
		}
		if main := p.byID["main"]; main == nil || main.Data != "main" {
			t.Error("the skip link leads nowhere")
		}
	})
}

// ASVS 7.4.4: logging out is a button on every page of the logged in, not only in the guarded area.
func TestEveryPageOfASignedInPersonCanLogThemOut(t *testing.T) {
	pages := appPages()
	maps.Copy(pages, sitePages())
	each(t, pages, layout.Request{User: person()}, func(t *testing.T, p page) {
		found := 0
		for _, n := range p.elements {
			if n.Data == "form" && attr(n, "action") == "/logout" && attr(n, "method") == "post" {
				found++
				for up := n.Parent; up != nil; up = up.Parent {
					if up.Data == "details" {
						t.Error("logging out is folded away")
					}
				}
			}
		}
		if found != 1 {
			t.Errorf("%d forms that log out", found)
		}
	})
}

func TestEveryFieldHasALabelAndItsWordsAreFound(t *testing.T) {
	each(t, allPages(), layout.Request{}, func(t *testing.T, p page) {
		labels := map[string]bool{}
		for _, n := range p.elements {
			if n.Data == "label" {
				labels[attr(n, "for")] = true
				for d := range n.Descendants() {
					labels[attr(d, "id")] = true
				}
				delete(labels, "") // of one around its field
			}
		}
		focused := 0
		for _, n := range p.elements {
			if has(n, "autofocus") {
				focused++
			}
			field := n.Data == "input" && attr(n, "type") != "hidden" || n.Data == "textarea" || n.Data == "select"
			if field && !has(n, "hidden") && !labels[attr(n, "id")] && n.Parent.Data != "label" {
				t.Errorf("the field %q has no label", attr(n, "name"))
			}
			for _, names := range []string{"aria-describedby", "aria-controls", "aria-labelledby", "commandfor", "popovertarget"} {
				for id := range strings.FieldsSeq(attr(n, names)) {
					if p.byID[id] == nil {
						t.Errorf("%q names %q, which is not there", attr(n, "id"), id)
					}
				}
			}
			if target, local := strings.CutPrefix(attr(n, "href"), "#"); local && p.byID[target] == nil {
				t.Errorf("a link to #%s leads nowhere", target)
			}
		}
		if focused > 1 {
			t.Errorf("%d elements want the focus", focused)
		}
	})
}

func TestEveryProblemStandsBesideItsFieldAndInASummaryThatHasTheFocus(t *testing.T) {
	for name, c := range allPages() {
		if !strings.HasSuffix(name, ", wrong") || name == "login, wrong" {
			continue
		}
		p := render(t, c, layout.Request{})
		var summary *html.Node
		for _, n := range p.elements {
			if attr(n, "role") == "alert" {
				summary = n
			}
		}
		if summary == nil || !has(summary, "autofocus") || attr(summary, "tabindex") != "-1" {
			t.Errorf("%s: there is no summary that takes the focus", name)
			continue
		}
		if !strings.Contains(words(summary), "A problem of a field that the form does not show.") {
			t.Errorf("%s: a problem without a field is lost", name)
		}
		invalid := 0
		for _, n := range p.elements {
			if n.Data != "input" || attr(n, "aria-invalid") != "true" {
				continue
			}
			invalid++
			message := "A problem of " + attr(n, "name") + "."
			beside := p.byID[strings.Fields(attr(n, "aria-describedby"))[0]]
			if words(beside) != message {
				t.Errorf("%s: %s is described by %q", name, attr(n, "name"), words(beside))
			}
			if !strings.Contains(p.text, `<a href="#`+attr(n, "id")+`">`+message+`</a>`) {
				t.Errorf("%s: the summary does not lead to %s", name, attr(n, "name"))
			}
		}
		if invalid == 0 {
			t.Errorf("%s: no field is marked", name)
		}
	}
}

func TestAProblemOfTheWholeFormIsItsSummary(t *testing.T) {
	p := render(t, views.Login(views.LoginForm{}, map[string]string{"": "Email or password is not right."}), layout.Request{})
	for _, n := range p.elements {
		if attr(n, "role") == "alert" {
			if words(n) != "Email or password is not right." {
				t.Errorf("%q", words(n))
			}
			return
		}
	}
	t.Error("there is no summary")
}

// ASVS 6.2.7: password managers fill in, and offer to make, passwords.
func TestItem9PasswordManagersFindTheirWay(t *testing.T) {
	for name, want := range map[string][]string{
		"register":        {"name", "email", "new-password"},
		"login":           {"username", "current-password"},
		"forgot":          {"username"},
		"reset":           {"username", "new-password"},
		"confirm, asking": {"username", "current-password"},
		"security":        {"username", "current-password", "new-password"},
	} {
		p := render(t, allPages()[name], layout.Request{})
		var got []string
		for _, n := range p.elements {
			if value := attr(n, "autocomplete"); value != "" {
				value = strings.TrimSuffix(value, " webauthn") // feature:passkeys
				got = append(got, value)
			}
			if attr(n, "type") == "password" && has(n, "maxlength") {
				t.Errorf("%s: a browser would cut off a long password", name)
			}
			if attr(n, "autocomplete") == "new-password" && attr(n, "minlength") != "15" {
				t.Errorf("%s: the least length is %q", name, attr(n, "minlength"))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWhereOneWasGoingIsKeptBetweenLoginAndSignUp(t *testing.T) {
	for name, link := range map[string]string{
		"login":    `href="/register?next=%2Freports%3Fa%3D1%26b%3D2"`,
		"register": `href="/login?next=%2Freports%3Fa%3D1%26b%3D2"`,
	} {
		p := render(t, guestPages()[name], layout.Request{})
		if !strings.Contains(p.text, link) || !strings.Contains(p.text, `name="next" value="/reports?a=1&amp;b=2"`) {
			t.Errorf("%s loses it", name)
		}
	}
}

func TestACorrectionIsFoldedAwayUntilItHasProblems(t *testing.T) {
	for name, open := range map[string]bool{"register sent": false, "register sent, wrong": true} {
		for _, n := range render(t, guestPages()[name], layout.Request{}).elements {
			if n.Data == "details" && has(n, "open") != open {
				t.Errorf("%s: open is %v", name, !open)
			}
		}
	}
}

func TestThePresentSessionIsMarkedAndEndedByLoggingOutAlone(t *testing.T) {
	p := render(t, appPages()["sessions"], layout.Request{})
	var ids []string
	for _, n := range p.elements {
		if attr(n, "name") == "id" {
			ids = append(ids, attr(n, "value"))
		}
	}
	if !slices.Equal(ids, []string{"b", "c"}) || strings.Count(p.text, "This device") != 1 {
		t.Errorf("%q can be ended", ids)
	}
	for _, want := range []string{"2 minutes ago", `datetime="2026-11-22T13:59:10Z"`, "Unknown device", "/account/sessions/end-others"} {
		if !strings.Contains(p.text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if alone := render(t, appPages()["sessions, one"], layout.Request{}); strings.Contains(alone.text, "/account/sessions/end") {
		t.Error("there is nothing to end, but a button for it")
	}
}

func TestTooManyTriesSaysWhenToComeBack(t *testing.T) {
	for after, want := range map[time.Duration]string{
		230 * time.Second: "Try again in 4 minutes, at 14:05 UTC.",
		20 * time.Second:  "Try again in 20 seconds, at 14:02 UTC.",
		10 * time.Hour:    "Try again in 10 hours, at Nov 23, 2026, 00:02 UTC.",
	} {
		p := render(t, views.Error(views.ErrorPage{Status: 429, RetryAt: now.Add(after)}, now), layout.Request{})
		if !strings.Contains(words(p.byID["main"]), strings.TrimSuffix(want, ".")) {
			t.Errorf("after %s: %q", after, words(p.byID["main"]))
		}
	}
	if p := render(t, views.Error(views.ErrorPage{Status: 429}, now), layout.Request{}); strings.Contains(p.text, "Try again in") {
		t.Error("a time that nobody knows is told")
	}
}

func TestADeadLinkLeadsOneWayForward(t *testing.T) {
	p := render(t, guestPages()["link dead"], layout.Request{})
	var hrefs []string
	for _, n := range p.elements {
		if n.Data == "a" && !strings.HasPrefix(attr(n, "href"), "#") && attr(n, "href") != "/" {
			hrefs = append(hrefs, attr(n, "href"))
		}
	}
	if !slices.Equal(hrefs, []string{"/password/forgot"}) {
		t.Errorf("%q", hrefs)
	}
}

// A mail is shown without scripts, without this site's origin, and without forms of its own.
func TestAMailIsFramedInASandbox(t *testing.T) {
	for _, n := range render(t, sitePages()["mail"], layout.Request{}).elements {
		if n.Data != "iframe" {
			continue
		}
		if sandbox := attr(n, "sandbox"); strings.Contains(sandbox, "allow-scripts") || strings.Contains(sandbox, "allow-same-origin") ||
			strings.Contains(sandbox, "allow-forms") || sandbox == "" || attr(n, "src") != "/dev/mail/1/html" || attr(n, "title") == "" {
			t.Errorf("%v", n.Attr)
		}
		return
	}
	t.Error("there is no frame")
}

func TestTheCurrentPlaceIsMarked(t *testing.T) {
	p := render(t, appPages()["security"], layout.Request{Path: "/account/security"})
	var current []string
	for _, n := range p.elements {
		if attr(n, "aria-current") == "page" {
			current = append(current, attr(n, "href"))
		}
	}
	if !slices.Equal(current, []string{"/account", "/account/security"}) {
		t.Errorf("%q", current)
	}
}

func TestAPageBelowASectionMarksItAndLeadsBack(t *testing.T) {
	p := render(t, views.Reauthenticate(person(), views.FactorForm{}, views.FactorsNamed([]string{"password"}), nil), layout.Request{Path: "/account/prove"})
	if strings.Contains(p.text, "Back to Security") {
		t.Error("a page outside of the area leads back into it")
	}
	p = render(t, appPages()["security"], layout.Request{Path: "/account/security/new"})
	marks := map[string]string{}
	var back []string
	for _, n := range p.elements {
		if words(n) == "Back to Security" {
			back = append(back, attr(n, "href"))
		}
		if mark := attr(n, "aria-current"); mark != "" {
			marks[attr(n, "href")] = mark
		}
	}
	if marks["/account/security"] != "true" || !slices.Equal(back, []string{"/account/security"}) {
		t.Errorf("marked are %v, and %q leads back", marks, back)
	}
}

func TestTheOverviewSaysWhatToDoFirst(t *testing.T) {
	off := views.SecurityItem{Name: "App", Text: "A code.", Second: true, Href: "/app", Action: "Set it up"}
	on := views.SecurityItem{Name: "App", Text: "A code.", Second: true, On: true, Href: "/app", Action: "Manage"}
	few := views.SecurityItem{Name: "Codes", Text: "1 left.", On: true, Urgent: "You are running out", Href: "/codes", Action: "Make some"}
	for _, c := range []struct {
		securityItems []views.SecurityItem
		want          string
	}{
		{[]views.SecurityItem{off, few}, "Your password alone protects this account Whoever learns it is in. A code. Set it up"},
		{[]views.SecurityItem{off, on}, "Your account is well protected Whoever learns your password still stays out."},
		{[]views.SecurityItem{few, on}, "You are running out 1 left. Make some"},
		{[]views.SecurityItem{{Name: "Codes", On: true}}, "Your account is well protected Whoever learns your password still stays out."},
	} {
		p := render(t, views.Security(person(), c.securityItems, views.SecurityForm{}, 15, nil), layout.Request{})
		if got := words(p.byID["verdict"].Parent.Parent); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
