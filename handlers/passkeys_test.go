package handlers_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// device keeps a passkey, as a phone or a security key does (Web Authentication Level 3, section 6).
type device struct {
	p      *apptest.Browser // in whose browser it is asked
	id     []byte
	key    *ecdsa.PrivateKey
	handle []byte
	count  *uint32
}

// The flags that a device signs.
const (
	present, verified, eligible, backedUp = 1, 4, 8, 16
	attested                              = 64
)

// statement is what a device signs. A test has it lie.
type statement struct {
	kind, challenge, origin, host string
	cross                         bool
	flags                         byte
	count                         uint32
	algorithm                     int
	id, handle                    []byte
	key                           *ecdsa.PrivateKey
	maker                         uuid.UUID // that of nobody where it is not told
}

// passkeyOptions is what the site asks browsers to ask devices for.
type passkeyOptions struct {
	Challenge, RPID, UserVerification string
	RP                                struct{ ID, Name string }
	User                              struct{ ID, Name, DisplayName string }
	PubKeyCredParams                  []struct{ Alg int }
	AllowCredentials                  []struct{ ID string }
	ExcludeCredentials                []struct{ ID string }
	AuthenticatorSelection            struct{ ResidentKey, UserVerification string }
	Attestation                       string
	Timeout                           int
}

func passkeyOptionsOf(page *apptest.Page) (o passkeyOptions) {
	page.Browser.App.T.Helper()
	page.WantStatus(page.Browser.App.T, 200)
	if err := json.Unmarshal([]byte(page.Body), &o); err != nil {
		page.Browser.App.T.Fatalf("%s answers %q: %v", page.Path, page.Body, err)
	}
	return o
}

// newDevice has a key pair that no site knows.
func newDevice(b *apptest.Browser) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.App.T.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &device{p: b, id: id, key: key, count: new(uint32)}
}

// addPasskey is a new one of the user's, who stays logged in.
func addPasskey(b *apptest.Browser) *device {
	b.App.T.Helper()
	d := newDevice(b)
	made := d.makes(passkeyOptionsOf(b.Post("/account/passkeys/new/options")))
	b.Get("/account/passkeys/new").Submit("credential", made).WantStatus(b.App.T, 303)
	b.Get("/account") // and its notice is seen
	told := b.Mail()
	for !strings.Contains(told.Text, "A passkey was added") {
		told = b.Mail() // the one before was there already, and nobody had read it
	}
	return d
}

func (d *device) Kind() string { return "passkeys" }

// Next answers what the page asks for that the user is at.
func (d *device) Next() string {
	for _, path := range []string{"/login/factor/options", "/account/prove/options"} {
		if asked := d.p.Post(path); asked.Status == 200 {
			return d.signs(passkeyOptionsOf(asked))
		}
	}
	return "{}"
}

// makes is the answer to options for a new passkey.
func (d *device) makes(o passkeyOptions, lies ...func(*statement)) string {
	d.handle, _ = base64.RawURLEncoding.DecodeString(o.User.ID)
	s := d.statement("webauthn.create", o.Challenge, o.RP.ID, lies)
	key, _ := s.key.PublicKey.Bytes() // 4, x, y
	cose, _ := cbor.Marshal(map[int]any{1: 2, 3: s.algorithm, -1: 1, -2: key[1:33], -3: key[33:]})
	data := s.data(s.flags | attested)
	data = append(data, s.maker[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(s.id)))
	data = append(append(data, s.id...), cose...)
	object, _ := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	return s.answer(map[string]any{"clientDataJSON": encoded(s.client()), "attestationObject": encoded(object), "transports": []string{"internal", "<b>"}})
}

// signs is the answer to options for a login, or a proof.
func (d *device) signs(o passkeyOptions, lies ...func(*statement)) string {
	s := d.statement("webauthn.get", o.Challenge, o.RPID, lies)
	data, client := s.data(s.flags), s.client()
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, digest[:])
	if err != nil {
		d.p.App.T.Fatal(err)
	}
	return s.answer(map[string]any{"clientDataJSON": encoded(client), "authenticatorData": encoded(data), "signature": encoded(signature), "userHandle": encoded(s.handle)})
}

func (d *device) statement(kind, challenge, host string, lies []func(*statement)) *statement {
	*d.count++
	s := &statement{kind: kind, challenge: challenge, origin: d.p.App.Config.AppURL.String(), host: host, flags: present | verified | eligible | backedUp,
		count: *d.count, algorithm: -7, id: d.id, handle: d.handle, key: d.key}
	for _, lie := range lies {
		lie(s)
	}
	return s
}

func (s *statement) client() []byte {
	client, _ := json.Marshal(map[string]any{"type": s.kind, "challenge": s.challenge, "origin": s.origin, "crossOrigin": s.cross})
	return client
}

func (s *statement) data(flags byte) []byte {
	host := sha256.Sum256([]byte(s.host))
	return binary.BigEndian.AppendUint32(append(host[:], flags), s.count)
}

func (s *statement) answer(response map[string]any) string {
	answer, _ := json.Marshal(map[string]any{"id": encoded(s.id), "rawId": encoded(s.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "authenticatorAttachment": "platform"})
	return string(answer)
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// bringTo is a browser that has never been here, with the user's device at hand.
func (d *device) bringTo(browser *apptest.Browser) *device {
	browser.Email = d.p.Email
	return d.at(browser)
}

func (d *device) In(browser *apptest.Browser) apptest.Factor { return d.at(browser) }

func (d *device) at(browser *apptest.Browser) *device {
	moved := *d
	moved.p = browser
	return &moved
}

// logsIn logs in with the passkey alone.
func (d *device) logsIn(lies ...func(*statement)) *apptest.Page {
	d.p.App.T.Helper()
	return d.p.Post("/login/passkey", "assertion", d.signs(passkeyOptionsOf(d.p.Post("/login/passkey/options")), lies...))
}

// W3C, A Well-Known URL for Relying Party Passkey Endpoints.
func TestWellKnown_PasskeyEndpointsNameThePages(t *testing.T) {
	app := apptest.New(t)
	page := app.Browser().Get("/.well-known/passkey-endpoints").WantStatus(t, 200)
	want := `{"enroll":"` + app.Config.AppURL.String() + `/account/passkeys/new","manage":"` + app.Config.AppURL.String() + `/account/passkeys"}`
	if got := strings.TrimSpace(page.Body); got != want || page.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the endpoints are %s (%s), want %s", got, page.Header.Get("Content-Type"), want)
	}
}

func TestAPasskeyHasTheNameOfItsMaker(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	made := newDevice(ada).makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")), func(s *statement) {
		s.maker = uuid.MustParse("bada5566-a7aa-401f-bd96-45619a55120d")
	})
	ada.Get("/account/passkeys/new").Submit("credential", made).WantStatus(t, 303)
	ada.Get("/account/passkeys").WantText(t, "1Password")
}

func TestTwentyPasskeysAreTheMost(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	for range 20 {
		addPasskey(ada)
	}
	made := newDevice(ada).makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")))
	ada.Get("/account/passkeys/new").Submit("credential", made).WantStatus(t, 422).
		WantText(t, "20 passkeys are the most. Remove one first.")
	if n := app.Count("passkeys", "1=1"); n != 20 {
		t.Errorf("there are %d", n)
	}
}

// Item 17: on a new device a login without the password is told of as well.
func TestItem17ALogInWithAPasskeyOnANewDeviceIsToldOf(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addPasskey(ada).bringTo(app.Browser()).logsIn().WantRedirect(t, "/dashboard")
	if told := ada.NewDeviceMail(); !strings.HasPrefix(told.Subject, "New login") {
		t.Errorf("she is mailed %q", told.Subject)
	}
}

func TestSomebodyLogsInWithAPasskeyAlone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada).bringTo(app.Browser())
	ada.Get("/account/passkeys").WantText(t, "Passkey", "Synced", "Not used yet")
	phone.logsIn().WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
	if app.Count("sessions", "method = 'passkey' AND aal = 2") != 1 {
		t.Error("a passkey with user verification proves two factors")
	}
	ada.Get("/account/passkeys").WantText(t, "Last used")
}

func TestAPasskeyIsAskedForAfterThePassword(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	ada.Post("/logout")
	asked := ada.Login(apptest.Password).WantRedirect(t, "/login/factor").
		WantText(t, "Confirm with one of your passkeys")
	asked.Submit().WantStatus(t, 422).WantText(t, "needs JavaScript")
	asked.Submit("answer", phone.Next()).WantRedirect(t, "/dashboard")
	if app.Count("sessions", "method = 'password passkeys' AND aal = 2") != 1 {
		t.Error("the session does not know of the passkey")
	}
}

func TestAPasskeyIsAFreshProof(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	app.Clock.Advance(10 * time.Minute)
	asked := ada.Post("/account/passkeys/remove", "id", ada.RowID("passkeys")).WantStatus(t, http.StatusUnauthorized).
		WantText(t, "Is it you?", "passkeys")
	asked.Submit("answer", phone.Next()).WantRedirect(t, "/account/passkeys").WantText(t, "No passkey yet")
	if mail := ada.Mail(); !strings.Contains(mail.Text, "A passkey was removed") {
		t.Errorf("the owner is mailed %q", mail.Text)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 50: a challenge is random, and good for one answer, five minutes, one purpose, and the browser that it was sent to.
func TestItem50AChallengeIsGoodForOneAnswerInOneBrowser(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada).bringTo(app.Browser())
	asked := passkeyOptionsOf(phone.p.Post("/login/passkey/options"))
	if raw, err := base64.RawURLEncoding.DecodeString(asked.Challenge); err != nil || len(raw) < 16 {
		t.Errorf("the challenge is %d bytes, %v", len(raw), err)
	}
	if strings.Contains(app.Rows("passkey_challenges", "1=1"), asked.Challenge) {
		t.Error("the challenge is in the database")
	}
	answer := phone.signs(asked)
	other := app.Browser()
	other.Post("/login/passkey", "assertion", answer).WantStatus(t, 422)
	other.Post("/login/passkey/options")
	other.Post("/login/passkey", "assertion", answer).WantStatus(t, 422)
	ada.Post("/account/prove", "factor", "passkeys", "answer", answer).WantStatus(t, 422)
	phone.p.Post("/login/passkey", "assertion", answer).WantRedirect(t, "/dashboard")
	phone.p.Post("/logout")
	phone.p.Post("/login/passkey/options")
	phone.p.Post("/login/passkey", "assertion", answer).WantStatus(t, 422).WantText(t, "did not let you in")

	late := passkeyOptionsOf(phone.p.Post("/login/passkey/options"))
	app.Clock.Advance(5 * time.Minute)
	phone.p.Post("/login/passkey", "assertion", phone.signs(late)).WantStatus(t, 422)
	phone.logsIn().WantRedirect(t, "/dashboard")
}

// A wrong answer uses the challenge up as well.
func TestItem50AWrongAnswerLeavesNoChallengeBehind(t *testing.T) {
	app := apptest.New(t)
	phone := addPasskey(app.LoggedIn("ada@example.com")).bringTo(app.Browser())
	asked := passkeyOptionsOf(phone.p.Post("/login/passkey/options"))
	phone.p.Post("/login/passkey", "assertion", phone.signs(asked, func(s *statement) { s.flags = present })).
		WantStatus(t, 422)
	phone.p.Post("/login/passkey", "assertion", phone.signs(asked)).WantStatus(t, 422)
}

// Item 50: the challenge of one login, or one session, is none of another's, be it the same user's.
func TestItem50AProofIsBoundToWhatAskedForIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	forSession := phone.Next()
	other := phone.bringTo(app.Browser())
	asked := other.p.Login(apptest.Password).WantRedirect(t, "/login/factor")
	asked.Submit("answer", forSession).WantStatus(t, 422)
	forLogin := other.Next()
	ada.Post("/account/prove", "factor", "passkeys", "answer", forLogin).WantStatus(t, 422)
	twin := newDevice(ada)
	made := twin.makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")))
	fresh := app.Browser()
	fresh.Email = ada.Email
	phone.bringTo(fresh).logsIn().WantRedirect(t, "/dashboard")
	fresh.Post("/account/passkeys/new", "credential", made).WantStatus(t, 422)
	asked.Submit("answer", other.Next()).WantRedirect(t, "/dashboard")
}

// Item 50: what was asked for one purpose answers no other, in the same session.
func TestItem50AChallengeIsGoodForOnePurpose(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone, other := addPasskey(ada), newDevice(ada)
	toProve := passkeyOptionsOf(ada.Post("/account/prove/options"))
	toAdd := passkeyOptionsOf(ada.Post("/account/passkeys/new/options"))
	toAdd.Challenge, toProve.Challenge = toProve.Challenge, toAdd.Challenge
	ada.Post("/account/passkeys/new", "credential", other.makes(toAdd)).WantStatus(t, 422).
		WantText(t, "could not be added")
	ada.Post("/account/prove", "factor", "passkeys", "answer", phone.signs(toProve)).WantStatus(t, 422).
		WantText(t, "not accepted")
}

// lies are what a device or a browser may say that is not so, each enough to be refused.
func lies() map[string]func(*statement) {
	return map[string]func(*statement){
		"another site":          func(s *statement) { s.origin = "https://evil.example" },
		"another scheme":        func(s *statement) { s.origin = strings.Replace(s.origin, "http:", "https:", 1) },
		"another port":          func(s *statement) { s.origin = "http://localhost:1" },
		"a name below":          func(s *statement) { s.origin = strings.Replace(s.origin, "localhost", "evil.localhost", 1) },
		"a name that goes on":   func(s *statement) { s.origin = strings.Replace(s.origin, "localhost", "localhost.evil.example", 1) },
		"no origin":             func(s *statement) { s.origin = "" },
		"in another's frame":    func(s *statement) { s.cross = true },
		"another host":          func(s *statement) { s.host = "evil.example" },
		"an unknown challenge":  func(s *statement) { s.challenge = encoded(make([]byte, 32)) },
		"no challenge":          func(s *statement) { s.challenge = "" },
		"nobody present":        func(s *statement) { s.flags &^= present },
		"nobody verified":       func(s *statement) { s.flags &^= verified },
		"a copy that cannot be": func(s *statement) { s.flags &^= eligible },
	}
}

// Item 51: everything that a device signs is looked at.
func TestItem51ALogInWithAnythingWrongIsRefused(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada).bringTo(app.Browser())
	all := lies()
	all["to make one"] = func(s *statement) { s.kind = "webauthn.create" }
	all["another key"] = func(s *statement) { s.key = newDevice(ada).key }
	all["not to be copied any more"] = func(s *statement) { s.flags &^= eligible | backedUp }
	all["another passkey"] = func(s *statement) { s.id = newDevice(ada).id }
	all["another person"] = func(s *statement) { s.handle = make([]byte, 64) }
	all["no person"] = func(s *statement) { s.handle = nil }
	for name, lie := range all {
		if page := phone.logsIn(lie); page.Status != 422 || !strings.Contains(page.Text(), "did not let you in") {
			t.Errorf("%s: %d", name, page.Status)
		}
	}
	for _, junk := range []string{"", "{}", "[]", "null", "\x00", strings.Repeat("[", 60_000), `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		if page := phone.p.Post("/login/passkey", "assertion", junk); page.Status != 422 && page.Status != 400 {
			t.Errorf("%.60q: %d", junk, page.Status)
		}
	}
	phone.logsIn().WantRedirect(t, "/dashboard")
}

// Item 51: the same holds for a new passkey, and what it signs with has to be one of what was offered.
func TestItem51ANewPasskeyWithAnythingWrongIsRefused(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	all := lies()
	all["to log in"] = func(s *statement) { s.kind = "webauthn.get" }
	all["an algorithm that was not offered"] = func(s *statement) { s.algorithm = -35 }
	all["too long a name"] = func(s *statement) { s.id = make([]byte, 1024) }
	for name, lie := range all {
		made := newDevice(ada).makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")), lie)
		if page := ada.Post("/account/passkeys/new", "credential", made); page.Status != 422 {
			t.Errorf("%s: %d", name, page.Status)
		}
	}
	ada.Post("/account/passkeys/new", "credential", "").WantStatus(t, 422).WantText(t, "needs JavaScript")
	if app.Count("passkeys", "1=1") != 0 {
		t.Error("there is one")
	}
	addPasskey(ada)
}

// Item 51: a passkey is one user's, and nobody else can have it registered.
func TestItem51APasskeyIsOnePersonsAlone(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	hers, his := addPasskey(ada), addPasskey(mallory)
	stolen := newDevice(mallory)
	stolen.id = hers.id
	mallory.Post("/account/passkeys/new", "credential", stolen.makes(passkeyOptionsOf(mallory.Post("/account/passkeys/new/options")))).
		WantStatus(t, 422).WantText(t, "in use already")

	browser := his.bringTo(app.Browser())
	browser.logsIn(func(s *statement) { s.handle = hers.handle }).WantStatus(t, 422)
	browser.logsIn(func(s *statement) { s.id = hers.id }).WantStatus(t, 422)
	asked := app.Browser().Post("/login", "email", ada.Email, "password", apptest.Password).
		WantRedirect(t, "/login/factor")
	wrong := his.bringTo(asked.Browser)
	asked.Submit("answer", wrong.Next()).WantStatus(t, 422)
	asked.Submit("answer", wrong.signs(passkeyOptionsOf(asked.Browser.Post("/login/factor/options")), func(s *statement) { s.handle = nil })).
		WantStatus(t, 422)
	asked.Submit("answer", hers.bringTo(asked.Browser).Next()).WantRedirect(t, "/dashboard")
}

// Item 51: a device that has not counted on may be one of two. It is refused, that is on record, and its owner is told once a day.
func TestItem51ACounterThatHasNotRisenIsRefusedOnRecordAndTold(t *testing.T) {
	app := apptest.New(t)
	phone := addPasskey(app.LoggedIn("ada@example.com")).bringTo(app.Browser())
	*phone.count = 10
	phone.logsIn().WantRedirect(t, "/dashboard")
	phone.p.Post("/logout")
	for _, count := range []uint32{11, 10, 0} {
		phone.logsIn(func(s *statement) { s.count = count }).WantStatus(t, 422)
	}
	if !slices.Contains(app.Events(), "passkey.copied") {
		t.Error("it is not on record")
	}
	told := func() int64 { return app.Count("outbox", "kind = 'passkey_copied'") }
	if n := told(); n != 1 {
		t.Errorf("three in a day are told of in %d mails", n)
	}
	app.Clock.Advance(25 * time.Hour)
	if phone.logsIn(func(s *statement) { s.count = 0 }).WantStatus(t, 422); told() != 2 {
		t.Error("the next day it goes untold")
	}
	phone.logsIn(func(s *statement) { s.count = 1 << 31 }).WantRedirect(t, "/dashboard")
}

// Password managers and Apple's devices do not count at all.
func TestADeviceThatDoesNotCountLogsInAgainAndAgain(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := newDevice(ada)
	never := func(s *statement) { s.count = 0 }
	ada.Post("/account/passkeys/new", "credential", phone.makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")), never)).
		WantStatus(t, 303)
	for range 2 {
		phone.bringTo(app.Browser()).logsIn(never).WantRedirect(t, "/dashboard")
	}
}

// Item 52: what is asked of a browser tells nothing of who has an account, and what a device keeps nothing of whose it is.
func TestItem52NothingTellsWhoHasAPasskey(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	if len(phone.handle) != 64 || bytes.Contains(phone.handle, []byte(ada.User().ID)) || bytes.Contains(phone.handle, []byte("ada")) {
		t.Errorf("the handle is %q", phone.handle)
	}
	first, second := ada.Tab(), app.Browser()
	ada.Post("/logout")
	a, b := passkeyOptionsOf(first.Post("/login/passkey/options")), passkeyOptionsOf(second.Post("/login/passkey/options"))
	if a.Challenge == b.Challenge || len(a.AllowCredentials)+len(b.AllowCredentials) != 0 || a.UserVerification != "required" || a.RPID != "localhost" {
		t.Errorf("%+v, %+v", a, b)
	}
	again := passkeyOptionsOf(app.LoggedIn("ada2@example.com").Post("/account/passkeys/new/options"))
	if again.User.ID == encoded(phone.handle) || len(again.ExcludeCredentials) != 0 {
		t.Error("two people have one handle")
	}
}

// Items 52 and 53: what a new passkey has to be, and that a device makes one for each account alone.
func TestItem53ANewPasskeyIsAskedForInFull(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	o := passkeyOptionsOf(ada.Post("/account/passkeys/new/options"))
	if len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != encoded(phone.id) || o.User.ID != encoded(phone.handle) {
		t.Errorf("excluded: %v", o.ExcludeCredentials)
	}
	if fmt.Sprint(o.PubKeyCredParams) != "[{-7} {-257} {-8}]" || o.Timeout != 300_000 || o.Attestation != "none" ||
		o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("%+v", o)
	}
	if p := passkeyOptionsOf(ada.Post("/account/prove/options")); len(p.AllowCredentials) != 1 || p.UserVerification != "required" || p.Timeout != 300_000 {
		t.Errorf("%+v", p)
	}
}

// Item 52: passkeys are added and removed by their owner, who has just shown who they are.
func TestItem52APasskeyIsRenamedAndRemovedByItsOwnerAlone(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	phone := addPasskey(ada)
	id := ada.RowID("passkeys")
	mallory.Post("/account/passkeys/rename", "id", id, "name", "Mine").WantStatus(t, 404)
	mallory.Post("/account/passkeys/remove", "id", id).WantStatus(t, 404)
	ada.Post("/account/passkeys/rename", "id", id, "name", "").WantStatus(t, 422).WantText(t, "Enter a name.")
	ada.Post("/account/passkeys/rename", "id", id, "name", "My phone").WantRedirect(t, "/account/passkeys").
		WantText(t, "My phone")
	made := newDevice(ada).makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")))
	app.Clock.Advance(10 * time.Minute)
	ada.Post("/account/passkeys/new/options").WantStatus(t, http.StatusUnauthorized)
	ada.Post("/account/passkeys/new", "credential", made).WantStatus(t, http.StatusUnauthorized)
	ada.Get("/account/passkeys/new").WantRedirect(t, "/account/prove?next=%2Faccount%2Fpasskeys%2Fnew").
		Submit("answer", phone.Next()).WantRedirect(t, "/account/passkeys/new")
	ada.Post("/account/passkeys/remove", "id", id).WantRedirect(t, "/account/passkeys").WantText(t, "No passkey yet")
}

// Item 52: the last way in stays.
func TestItem52TheLastWayInCannotBeRemoved(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addPasskey(ada)
	second := addPasskey(ada)
	if err := app.DB.Model(ada.User()).Update("password_hash", "").Error; err != nil {
		t.Fatal(err)
	}
	ada.Post("/account/passkeys/remove", "id", ada.RowID("passkeys")).WantRedirect(t, "/account/passkeys").
		WantText(t, "Passkey 2")
	ada.Post("/account/passkeys/remove", "id", ada.RowID("passkeys")).WantStatus(t, 422).
		WantText(t, "only way to log in")
	if app.Count("passkeys", "credential_id = ?", second.id) != 1 {
		t.Error("it is gone")
	}
}

// Item 67: of two passkeys that are the only ways in, fifty requests at once leave one.
func TestItem67FiftyRequestsLeaveTheLastWayIn(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	addPasskey(ada)
	addPasskey(ada)
	var ids []string
	if err := errors.Join(app.DB.Raw("SELECT id FROM passkeys").Scan(&ids).Error, app.DB.Model(ada.User()).Update("password_hash", "").Error); err != nil {
		t.Fatal(err)
	}
	ada.PostFifty("/account/passkeys/remove", func(i int) url.Values { return url.Values{"id": {ids[i%2]}} })
	if n := app.Count("passkeys", "1=1"); n != 1 {
		t.Errorf("%d are left", n)
	}
}

func TestItem67FiftyRequestsWithOneAnswerToTheSecondFactorAreOneLogIn(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
	fields := url.Values{"factor": {"passkeys"}, "answer": {phone.Next()}}
	ada.PostFifty("/login/factor", func(int) url.Values { return fields })
	if n := app.Count("sessions", "method = 'password passkeys'"); n != 1 {
		t.Errorf("%d are let in", n)
	}
}

// Item 67: of fifty requests with one answer one is let in.
func TestItem67FiftyRequestsWithOneAssertionAreOneLogIn(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	phone := addPasskey(app.LoggedIn("ada@example.com")).bringTo(app.Browser())
	answer := phone.signs(passkeyOptionsOf(phone.p.Post("/login/passkey/options")))
	browsers := make([]*apptest.Browser, 50)
	for i := range browsers {
		browsers[i] = phone.p.Tab()
	}
	app.AtOnce(len(browsers), func(i int) {
		browsers[i].PostRacing("/login/passkey", url.Values{"assertion": {answer}})
	})
	if in := app.Count("sessions", "method = 'passkey'"); in != 1 {
		t.Errorf("%d are let in", in)
	}
}

func TestItem67FiftyRequestsWithOneNewPasskeyAddOne(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	made := newDevice(ada).makes(passkeyOptionsOf(ada.Post("/account/passkeys/new/options")))
	browsers := make([]*apptest.Browser, 50)
	for i := range browsers {
		browsers[i] = ada.Tab()
	}
	app.AtOnce(len(browsers), func(i int) {
		browsers[i].PostRacing("/account/passkeys/new", url.Values{"credential": {made}})
	})
	if n := app.Count("passkeys", "1=1"); n != 1 {
		t.Errorf("there are %d", n)
	}
}

func TestChallengesThatNobodyAnswersAreFewAndSwept(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	for range 12 {
		eve.Post("/login/passkey/options").WantStatus(t, 200)
	}
	if n := app.Count("passkey_challenges", "1=1"); n != 10 {
		t.Errorf("one browser has %d", n)
	}
	app.SetHits("passkey-asked", 999)
	eve.Post("/login/passkey/options").WantStatus(t, 200)
	eve.Post("/login/passkey/options").WantStatus(t, http.StatusTooManyRequests)
	app.Clock.Advance(5 * time.Minute)
	if err := app.Cleanup(t.Context()); err != nil || app.Count("passkey_challenges", "1=1") != 0 {
		t.Errorf("they stay: %v", err)
	}
}

func TestAPasskeyIsOfferedAfterALogInByPasswordUntilItIsDeclined(t *testing.T) {
	app := apptest.New(t)
	const offer = "Log in faster next time"
	ada := app.LoggedOut("ada@example.com")
	again := func() *apptest.Page {
		ada.Post("/logout")
		return ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	}
	again().WantText(t, offer).Submit("when", "later").WantRedirect(t, "/dashboard").WantNoText(t, offer)
	app.Clock.Advance(14*24*time.Hour - time.Minute)
	again().WantNoText(t, offer)
	app.Clock.Advance(time.Minute)
	again().WantText(t, offer)
	ada.Get("/account").WantNoText(t, offer)
	app.Browser().SignUp("Grace", "grace@example.com", apptest.Password).WantRedirect(t, "/dashboard").
		WantNoText(t, offer)
	ada.Post("/account/passkeys/decline", "when", "never").WantRedirect(t, "/dashboard").WantNoText(t, offer)
	app.Clock.Advance(400 * 24 * time.Hour)
	again().WantNoText(t, offer)
}

func TestAPasskeyIsOfferedAfterAMailedLogInToo(t *testing.T) { // feature:mail_login
	app := apptest.New(t)                   // feature:mail_login
	const offer = "Log in faster next time" // feature:mail_login
	ada := app.LoggedOut("ada@example.com") // feature:mail_login
	again := func() *apptest.Page {         // feature:mail_login
		return ada.Get(requestMailLogin(ada).Link).Submit().WantRedirect(t, "/dashboard") // feature:mail_login
	} // feature:mail_login
	again().WantText(t, offer).Submit("when", "later").WantRedirect(t, "/dashboard").WantNoText(t, offer) // feature:mail_login
	ada.Post("/logout")                                                                                   // feature:mail_login
	again().WantNoText(t, offer)                                                                          // feature:mail_login
} // feature:mail_login

func TestWhoHasAPasskeyIsNotOfferedOne(t *testing.T) {
	app := apptest.New(t)
	const offer = "Log in faster next time"
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	ada.Get("/dashboard").WantNoText(t, offer)
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor").Submit("answer", phone.Next()).
		WantRedirect(t, "/dashboard").WantNoText(t, offer)
	bob := app.LoggedOut("bob@example.com") // in a browser that Grace has left with an offer
	grace := app.LoggedOut("grace@example.com")
	grace.Login(apptest.Password).WantRedirect(t, "/dashboard").WantText(t, offer)
	grace.Post("/logout")
	grace.Post("/login", "email", bob.Email, "password", apptest.Password).WantRedirect(t, "/dashboard").
		WantText(t, offer)
	grace.Post("/logout")
	phone.bringTo(grace).logsIn().WantRedirect(t, "/dashboard").WantNoText(t, offer)
}

// What was typed, and where somebody was going, is there after a login by passkey too.
func TestAPasskeyLeadsWhereSomebodyWasGoing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	ada.Post("/logout")
	ada.Post("/login/passkey", "next", "/account/sessions", "assertion", "{}").WantStatus(t, 422).
		WantText(t, "Log in with a passkey")
	answer := phone.signs(passkeyOptionsOf(ada.Post("/login/passkey/options")))
	ada.Post("/login/passkey", "next", "/account/sessions", "remember", "true", "assertion", answer).
		WantRedirect(t, "/account/sessions")
	if app.Count("sessions", "method = 'passkey' AND remember") != 1 {
		t.Error("the session is not remembered")
	}
}

func TestWhereThereCanBeNoPasskeysTheSiteSaysSo(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Host = "127.0.0.1:" + app.Config.AppURL.Port() })
	ada := app.LoggedIn("ada@example.com")
	ada.Get("/dashboard").WantNoText(t, "passkey")
	ada.Get("/account/passkeys").WantStatus(t, 200).WantText(t, "Passkeys do not work here")
	ada.Get("/account/passkeys/new").WantStatus(t, 200).WantText(t, "Passkeys do not work here")
	ada.Get("/account/security").WantStatus(t, 200).WantText(t, "They need this site to have a name")
	ada.Post("/account/passkeys/new/options").WantStatus(t, 404)
	app.Browser().Post("/login/passkey/options").WantStatus(t, 404)
}

func TestSomebodyWithoutTheirDeviceLogsInWithARecoveryCode(t *testing.T) { // feature:recovery_codes
	app := apptest.New(t)                                                                                   // feature:recovery_codes
	ada := app.LoggedIn("ada@example.com")                                                                  // feature:recovery_codes
	addPasskey(ada)                                                                                         // feature:recovery_codes
	codes := createRecoveryCodes(ada)                                                                       // feature:recovery_codes
	ada.Post("/logout")                                                                                     // feature:recovery_codes
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor").WantText(t, "Use a recovery code")         // feature:recovery_codes
	ada.Post("/login/factor", "factor", "recovery_codes", "answer", codes[0]).WantRedirect(t, "/dashboard") // feature:recovery_codes
} // feature:recovery_codes

// Item 49: a passkey belongs to who may log in. One of a disabled account lets nobody in.
func TestThePasskeyOfADisabledAccountLetsNobodyIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada).bringTo(app.Browser())
	if err := app.DB.Model(&models.User{}).Where("email = ?", ada.Email).Update("disabled_at", app.Clock.Now()).Error; err != nil {
		t.Fatal(err)
	}
	phone.logsIn().WantStatus(t, 422)
}

// Item 17: a passkey is the classic way of staying in somebody's account.
func TestItem17AAttackersPasskeyDoesNotLetThemBackIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	told := ada.NewDeviceMail()
	key := addPasskey(attacker)
	ada.Get(told.Link).Submit().WantRedirect(t, "/login/factor")
	key.bringTo(app.Browser()).logsIn().WantRedirect(t, "/password/forgot").WantText(t, "This account was locked.")
	if n := app.Count("sessions", "expires_at > ?", app.Clock.Now()) + app.Count("pending_logins", "method <> 'reset'"); n != 0 {
		t.Errorf("%d ways are open to the attacker", n)
	}
}

func TestItem17WhoLocksAAttackerOutLosesTheAttackersPasskeyAndKeepsTheirOwn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	own := addSecondFactor(ada)
	app.Clock.Advance(time.Minute)
	attacker := ada.Tab()
	key := newDevice(attacker)
	made := key.makes(passkeyOptionsOf(attacker.Post("/account/passkeys/new/options")))
	attacker.Get("/account/passkeys/new").Submit("credential", made).WantStatus(t, 303)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/factor")
	ada.Post("/login/factor", "factor", own.Kind(), "answer", own.Next()).WantRedirect(t, "/login/password").
		Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	key.bringTo(app.Browser()).logsIn().WantStatus(t, 422)
	app.Clock.Advance(time.Minute)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/login/factor")
	ada.Post("/login/factor", "factor", own.Kind(), "answer", own.Next()).WantRedirect(t, "/dashboard")
}

// Item 17: what somebody has used since the account was locked is what its owner has used, and no try of the attacker's makes theirs that.
func TestItem17AAttackerWhoTriesTheirPasskeyOnALockedAccountLosesIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	own := addPasskey(ada)
	attackers := addPasskey(ada.Tab())
	ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor")
	attackers.bringTo(app.Browser()).logsIn().WantRedirect(t, "/password/forgot")
	ada.Post("/login/factor", "factor", own.Kind(), "answer", own.Next()).WantRedirect(t, "/login/password").
		Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	attackers.bringTo(app.Browser()).logsIn().WantStatus(t, 422)
	own.bringTo(app.Browser()).logsIn().WantRedirect(t, "/dashboard")
}

// Item 17: a second mail, sent while the account is locked, is answered as well, and makes nothing of what the first has disowned the owner's.
func TestItem17WhoLocksAnAccountThatIsLockedLosesNoLess(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	own := addPasskey(ada)
	*own.count = 10
	own.bringTo(app.Browser()).logsIn().WantRedirect(t, "/dashboard")
	attackers := addPasskey(ada.Tab())
	app.Clock.Advance(time.Hour)
	asked := ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor")
	options := passkeyOptionsOf(ada.Post("/login/factor/options"))
	asked.Submit("factor", "passkeys", "answer", own.signs(options, func(s *statement) { s.count = 1 })).
		WantStatus(t, 422)
	told := app.LastMail(ada.Email)
	if !strings.Contains(told.Text, "as a copy of it would be") {
		t.Fatalf("she is mailed %q", told.Text)
	}
	ada.Get(told.Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
		ChooseOtherPassword(t)
	wantOnlyFactor(ada, own, attackers)
}

func TestItem68WhatHappensToAPasskeyIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addPasskey(ada).bringTo(app.Browser()).logsIn(func(s *statement) { s.challenge = "another" }).WantStatus(t, 422)
	id := ada.RowID("passkeys")
	ada.Post("/account/passkeys/rename", "id", id, "name", "My phone").WantRedirect(t, "/account/passkeys")
	ada.Post("/account/passkeys/remove", "id", id).WantRedirect(t, "/account/passkeys")
	app.WantEvents("passkey.added", "passkey.refused", "passkey.renamed", "passkey.removed")
}

// A passkey that an attacker may have added does not choose the password that is due since whoever runs the site made it void.
func TestAPasskeyOpensNothingWhereThePasswordWasMadeVoid(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada).bringTo(app.Browser())
	if err := app.Auth.ExpirePassword(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	phone.logsIn().WantRedirect(t, "/password/forgot").WantText(t, "was locked")
	phone.p.Get("/login/password").WantRedirect(t, "/login")
}

// A passkey that another device removes while it is used is gone, and no copy.
func TestAPasskeyThatIsRemovedMeanwhileIsNoCopy(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada).bringTo(app.Browser())
	fields := url.Values{"assertion": {phone.signs(passkeyOptionsOf(phone.p.Post("/login/passkey/options")))}}
	gone := false
	err := app.DB.Callback().Query().After("gorm:query").Register("removed", func(db *gorm.DB) {
		if db.Statement.Table == "passkeys" && !gone {
			gone = true
			if err := app.DB.Session(&gorm.Session{NewDB: true}).Exec("DELETE FROM passkeys").Error; err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if page, err := phone.p.Try(http.MethodPost, "/login/passkey", fields); err != nil || page.Status != 422 {
		t.Errorf("it is answered %v, %v", page, err)
	}
	if n := app.Count("events", "name = 'passkey.copied'"); n != 0 {
		t.Error("a copy is on record")
	}
}

func TestWhatSomebodyWasSendingSurvivesALockedAccount(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := addPasskey(ada)
	kept := apptest.Attr(ada.PostAfterIdle().Input("kept"), "value")
	if err := app.Auth.ExpirePassword(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	page := ada.Post("/login/passkey", "assertion", phone.signs(passkeyOptionsOf(ada.Post("/login/passkey/options"))), "kept", kept)
	page.WantStatus(t, 422).WantText(t, "was locked", "still there")
}

func TestEarlierDatabase_Passkey(t *testing.T) {
	e := newEarlier(t)
	grace, known := e.browser("grace@example.com")
	var parts [3][]byte // id, private key, user handle
	for i, text := range strings.Fields(known.Secrets["passkey"]) {
		parts[i], _ = base64.RawURLEncoding.DecodeString(text)
	}
	key, err := x509.ParseECPrivateKey(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	used := uint32(1)
	d := &device{p: grace, id: parts[0], key: key, handle: parts[2], count: &used}
	d.bringTo(e.Browser()).logsIn().WantRedirect(t, "/dashboard").WantText(t, "Hello, Grace")
}
