package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// phone is an authenticator of the user's browser.
type phone struct {
	p  *person
	id webauthn.AuthenticatorID
}

// withPhone gives the browser an authenticator with passkeys, which is always
// unlocked.
func (p *person) withPhone() *phone {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	added := call(p, webauthn.AddVirtualAuthenticator,
		webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
	return &phone{p, added.AuthenticatorID}
}

// withoutSuggestions returns a browser that does not offer passkeys in the name
// field.
func (p *person) withoutSuggestions() *person {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: "PublicKeyCredential.isConditionalMediationAvailable = async () => false",
	})
	return p
}

// makesPasskey creates a passkey and stays on the page that follows.
func (p *person) makesPasskey() *person {
	p.t.Helper()
	p.open("/account/passkeys/new").press("Create a passkey")
	p.message("security")
	return p
}

// isACopy resets the phone's counter, as in a copy made by an attacker.
func (f *phone) isACopy() {
	f.p.t.Helper()
	for _, made := range call(f.p, webauthn.GetCredentials,
		webauthn.GetCredentialsParams{AuthenticatorID: f.id}).Credentials {
		call(f.p, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: f.id,
			CredentialID: made.CredentialID})
		made.SignCount = 0
		call(f.p, addCredential, copiedPasskey{f.id, untrusted{Credential: made}})
	}
}

// addCredential is webauthn.AddCredential without what that says of keys of a
// Credential Manager Trust Group, be there any or none: Chromium takes it for
// devices alone that have them.
var addCredential = cdp.Command[copiedPasskey, cdp.Empty]{Method: webauthn.CommandAddCredential}

type copiedPasskey struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      untrusted                `json:"credential"`
}

type untrusted struct {
	*webauthn.Credential
	CmtgKeys                       any `json:"cmtgKeys,omitzero"`
	ActiveCmtgKeyIndex             any `json:"activeCmtgKeyIndex,omitzero"`
	GenerateCmtgKeyOnNextOperation any `json:"generateCmtgKeyOnNextOperation,omitzero"`
}

// hasForgotten waits until the phone has deleted its passkey.
func (f *phone) hasForgotten() {
	f.p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if len(call(f.p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: f.id}).Credentials) == 0 {
			return
		}
	}
	f.p.t.Error("the phone still has the passkey")
}

// options returns the options that the site sends.
func (p *person) options(path string) string {
	p.t.Helper()
	return evaluate[string](p, fmt.Sprintf(`fetch(%q, {method: "POST", body: new URLSearchParams()}).then(r => r.text())`, path))
}

// signs lets the phone answer options on the open page.
func (p *person) signs(options string) string {
	p.t.Helper()
	return evaluate[string](p, fmt.Sprintf(`navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(%s)}).then(JSON.stringify)`, options))
}

// sends posts a form as a script of the site does, and returns the address and
// status of the response.
func (p *person) sends(path, field, value string) string {
	p.t.Helper()
	return evaluate[string](p, fmt.Sprintf(`fetch(%q, {method: "POST", body: new URLSearchParams({factor: "passkeys", [%q]: %q})}).then(r => r.status + " " + new URL(r.url).pathname)`, path, field, value))
}

// passkeyViews are the pages of passkeys.
func passkeyViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").withoutSuggestions().joins()
	f := ada.withPhone()
	return []view{
		{"dashboard-offer", "/dashboard", 200, ada,
			func(p *person) { p.press("Log out").logIn().sees("Log in faster next time") }},
		{"passkeys-none", "/account/passkeys", 200, ada, opens("/account/passkeys")},
		{"passkey-new", "/account/passkeys/new", 200, ada, opens("/account/passkeys/new")},
		{"passkey-new-wrong", "", 422, ada, func(p *person) { p.open("/account/passkeys/new").fails("create").press("Create a passkey") }},
		{"passkey-new-dismissed", "/account/passkeys/new", 200, ada, func(p *person) {
			p.open("/account/passkeys/new")
			f.locked(true)
			p.toggle("Create a passkey").hears("You didn't choose a passkey")
			f.locked(false)
		}},
		{"passkey-added", "", 200, ada, func(p *person) { p.makesPasskey() }},
		{"passkeys", "/account/passkeys", 200, ada, opens("/account/passkeys")},
		{"passkeys-rename", "/account/passkeys", 200, ada,
			func(p *person) { p.open("/account/passkeys").toggle("Rename") }},
		{"passkeys-rename-wrong", "", 422, ada, func(p *person) { p.open("/account/passkeys").toggle("Rename").fill("Name", " ").press("Save name") }},
		{"security-passkey", "/account/security", 200, ada, opens("/account/security")},
		{"prove-passkey", "/account/prove", 200, ada, opens("/account/prove")},
		{"factor-passkey", "/login/factor", 200, ada, func(p *person) { p.open("/account").press("Log out").logIn() }},
		{"factor-passkey-wrong", "/login/factor", 422, ada, func(p *person) { p.fails("get").press("Log in") }},
		{"login-passkey-wrong", "", 422, ada, func(p *person) { p.open("/login").fails("get").press("Log in with a passkey") }},
	}
}

// locked sets whether the phone is locked.
func (f *phone) locked(locked bool) {
	f.p.t.Helper()
	call(f.p, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: f.id, IsUserVerified: !locked})
}

// fails makes the phone answer the open page with an invalid response.
func (p *person) fails(method string) *person {
	p.t.Helper()
	evaluate[bool](p, fmt.Sprintf(`(() => {
		const bytes = new Uint8Array([1]).buffer;
		const response = {clientDataJSON: bytes, attestationObject: bytes, authenticatorData: bytes, signature: bytes};
		navigator.credentials.%s = async () => ({rawId: bytes, response});
		return true;
	})()`, method))
	return p
}

// hears waits for a message of a script.
func (p *person) hears(words string) *person {
	p.t.Helper()
	evaluate[bool](p, fmt.Sprintf(`(async () => { while (!document.body.innerText.includes(%q)) await new Promise(requestAnimationFrame); return true })()`, words))
	return p
}

// suggestsLater returns a browser whose suggestions reach the phone only when
// the user chooses one. A virtual authenticator would answer at once, or never.
func (p *person) suggestsLater() *person {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		const get = navigator.credentials.get.bind(navigator.credentials);
		const chosen = new Promise((done) => (window.choose = done));
		navigator.credentials.get = async (options) => {
			if (options.mediation === "conditional") await chosen;
			return get(options);
		};`})
	return p
}

func TestPasskeys_AreSuggestedInTheNameField(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").suggestsLater().joins()
	ada.withPhone()
	ada.makesPasskey().open("/account/passkeys").sees("Not used yet")
	ada.press("Log out").at("/login", http.StatusOK)
	ada.arrive(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("choose(), true"))
		return err
	})).at("/dashboard", http.StatusOK).open("/account/passkeys").sees("Last used")
}

// withScript runs a script in every page that the browser opens, before the
// page's own.
func (p *person) withScript(source string) *person {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
	return p
}

// passwordManager answers as extensions of 1Password, Bitwarden and Proton do:
// with an object of their own that has the browser's prototype. toJSON then
// throws "Illegal invocation", and so does all that the object does not define.
const passwordManager = `
	for (const method of ["create", "get"]) {
		const real = navigator.credentials[method].bind(navigator.credentials);
		navigator.credentials[method] = async (options) => {
			const made = await real(options), own = {};
			for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
				if (made.response[name] !== undefined) Object.defineProperty(own, name, {value: new Uint8Array(made.response[name] ?? [])});
			}
			const response = Object.setPrototypeOf(own, Object.getPrototypeOf(made.response));
			const credential = Object.defineProperties({}, {id: {value: made.id}, rawId: {value: made.rawId}, type: {value: made.type}, response: {value: response}});
			return Object.setPrototypeOf(credential, PublicKeyCredential.prototype);
		};
	}`

// olderBrowser has no helpers for JSON, as those before 2025.
const olderBrowser = `
	delete PublicKeyCredential.parseCreationOptionsFromJSON;
	delete PublicKeyCredential.parseRequestOptionsFromJSON;
	delete PublicKeyCredential.prototype.toJSON;
	delete PublicKeyCredential.isConditionalMediationAvailable;
	delete PublicKeyCredential.signalAllAcceptedCredentials;`

// brokenHelpers is a browser whose helpers an extension has replaced with what
// throws.
const brokenHelpers = `
	for (const name of ["parseCreationOptionsFromJSON", "parseRequestOptionsFromJSON", "isConditionalMediationAvailable", "signalAllAcceptedCredentials", "getClientCapabilities"]) {
		PublicKeyCredential[name] = () => { throw new TypeError("Illegal invocation") };
	}`

// WebAuthn Level 3, 5.1: the JSON helpers are conveniences, and none is needed.
func TestPasskeys_WorkWithoutTheBrowsersHelpers(t *testing.T) {
	for name, script := range map[string]string{"password manager": passwordManager, "older browser": olderBrowser,
		"broken helpers": brokenHelpers} {
		t.Run(name, func(t *testing.T) {
			ada := startWithMail(t).visit(t, "Ada Lovelace").withoutSuggestions().withScript(script).joins()
			ada.withPhone()
			ada.makesPasskey().press("Log out").at("/login", http.StatusOK)
			ada.press("Log in with a passkey").at("/dashboard", http.StatusOK)
			ada.open("/account/prove").press("Go on").at("/account", http.StatusOK)
			ada.open("/account/passkeys").press("Remove").sees("No passkey yet")
		})
	}
}

func TestPasskeys_SayWhatToDoWhenTheyFail(t *testing.T) {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").withoutSuggestions().joins()
	for fault, says := range map[string]string{
		`navigator.credentials.create = () => Promise.reject()`:                                          "couldn't complete this",
		`navigator.credentials.create = async () => null`:                                                "You didn't choose a passkey",
		`navigator.credentials.create = () => { throw new TypeError("Illegal invocation") }`:             "choose another device or password manager",
		`navigator.credentials.create = () => Promise.reject(new DOMException("", "InvalidStateError"))`: "already has a passkey",
		`navigator.credentials.create = () => Promise.reject(new DOMException("", "ConstraintError"))`:   "Set up a screen lock",
		`window.fetch = () => Promise.reject(new TypeError("Failed to fetch"))`:                          "Check your connection",
		`window.fetch = async () => new Response("", {status: 503})`:                                     "Wait a minute",
		`window.fetch = async () => new Response("", {status: 404})`:                                     "Reload it",
	} {
		ada.open("/account/passkeys/new")
		evaluate[bool](ada, fault+"; true")
		ada.toggle("Create a passkey").hears(says)
	}
}

func TestPasskeys_LogInByTheirButton(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").withoutSuggestions().joins()
	ada.withPhone()
	ada.makesPasskey().press("Log out").at("/login", http.StatusOK)
	ada.toggle("Keep me logged in").press("Log in with a passkey").at("/dashboard", http.StatusOK)
	ada.open("/account/sessions").sees("This device")
}

func TestPasskeys_ReauthenticateAndAreRemoved(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").withoutSuggestions().joins()
	f := ada.withPhone()
	ada.makesPasskey().press("Log out").logIn().at("/login/factor", http.StatusOK)
	ada.press("Log in").at("/dashboard", http.StatusOK)
	ada.open("/account/prove").press("Go on").at("/account", http.StatusOK)
	ada.open("/account/passkeys").press("Remove").sees("No passkey yet").message("security")
	f.hasForgotten()
	ada.press("Log out").logIn().at("/dashboard", http.StatusOK)
}

func TestPasskeyOffer_IsDeclinedWithoutScripts(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().press("Log out").logIn()
	ada.sees("Log in faster next time").press("Not now").sees("We will ask again in two weeks.")
	if ada.offered("Create a passkey") {
		t.Error("it is offered again at once")
	}
	ada.press("Log out").withoutScripts().logIn()
	if ada.offered("Create a passkey") {
		t.Error("it is offered where it cannot be made")
	}
}

func TestPasskeyOffer_IsNotRepeatedAfterNever(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().press("Log out").logIn().sees("Log in faster next time")
	ada.press("Never ask").at("/dashboard", http.StatusOK).press("Log out").logIn().at("/dashboard", http.StatusOK)
	if ada.offered("Create a passkey") {
		t.Error("it is offered again")
	}
}

// Without JavaScript the page says that passkeys need it, and offers another
// method.
func TestAdaWithoutScriptsUsesARecoveryCodeInsteadOfHerPasskey(t *testing.T) { // feature:recovery_codes
	ada := startWithMail(t).visit(t, "Ada Lovelace").withoutSuggestions().joins()                    // feature:recovery_codes
	ada.withPhone()                                                                                  // feature:recovery_codes
	ada.makesPasskey().press("Make new codes")                                                       // feature:recovery_codes
	code := evaluate[string](ada, `document.querySelector("#codes code").textContent`)               // feature:recovery_codes
	ada.press("Log out").withoutScripts().logIn().at("/login/factor", http.StatusOK)                 // feature:recovery_codes
	ada.sees("A passkey needs JavaScript.").press("Use a recovery code").fill("Recovery code", code) // feature:recovery_codes
	ada.press("Log in").at("/dashboard", http.StatusOK)                                              // feature:recovery_codes
} // feature:recovery_codes

// WebAuthn Level 3, 7.2: the server refuses an assertion for another origin, a
// replayed one, another user's, and one from a cloned authenticator.
func TestPasskeys_AreRefusedForeignReplayedAndCopied(t *testing.T) {
	s := startWithMail(t)
	ada := s.visit(t, "Ada Lovelace").withoutSuggestions().joins()
	f := ada.withPhone()
	ada.makesPasskey().press("Log out")
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<title>Elsewhere</title><link rel="icon" href="data:,">`)
	}))
	defer foreign.Close()

	asked := ada.options("/login/passkey/options")
	// Each port of localhost is another origin to browsers, with the same
	// relying party.
	elsewhere := strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1)
	phished := ada.open(elsewhere).signs(asked)
	ada.excuse(elsewhere)
	ada.open("/login")
	if got := ada.sends("/login/passkey", "assertion", phished); got != "422 /login/passkey" {
		t.Errorf("what was signed for another site is answered %s", got)
	}
	if !strings.Contains(s.log.String(), "Error validating origin") {
		t.Error("it is refused for another reason")
	}

	once := ada.signs(ada.options("/login/passkey/options"))
	if got := ada.sends("/login/passkey", "assertion", once); got != "200 /dashboard" {
		t.Errorf("what was signed for this site is answered %s", got)
	}
	ada.open("/dashboard").press("Log out")
	ada.options("/login/passkey/options")
	if got := ada.sends("/login/passkey", "assertion", once); got != "422 /login/passkey" {
		t.Errorf("what was sent before is answered %s", got)
	}

	bob := s.visit(t, "Bob").withoutSuggestions().joins()
	bob.withPhone()
	bob.makesPasskey().press("Log out")
	bob.fill("Email", ada.email).fill("Password", ada.password).press("Log in").at("/login/factor", http.StatusOK)
	his := bob.signs(`{...` + bob.options("/login/factor/options") + `, allowCredentials: []}`)
	if got := bob.sends("/login/factor", "answer", his); got != "422 /login/factor" {
		t.Errorf("another person's passkey is answered %s", got)
	}

	f.isACopy()
	ada.open("/login").press("Log in with a passkey").at("/login/passkey",
		http.StatusUnprocessableEntity).sees("did not let you in")
	for _, p := range []*person{ada, bob} {
		p.excuse("answered 422")
	}
}
