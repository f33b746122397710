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

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// device keeps a passkey, as a phone or a security key does (Web Authentication Level 3, section 6).
type device struct {
	p      *person // in whose browser it is asked
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

func (g *page) options() (o passkeyOptions) {
	g.p.s.t.Helper()
	g.is(g.p.s.t, 200)
	if err := json.Unmarshal([]byte(g.body), &o); err != nil {
		g.p.s.t.Fatalf("%s answers %q: %v", g.path, g.body, err)
	}
	return o
}

// newDevice has a key pair that no site knows.
func (p *person) newDevice() *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.s.t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &device{p: p, id: id, key: key, count: new(uint32)}
}

// passkey is a new one of the person's, who stays logged in.
func (p *person) passkey() *device {
	p.s.t.Helper()
	d := p.newDevice()
	made := d.makes(p.post("/account/passkeys/new/options").options())
	p.get("/account/passkeys/new").submit("credential", made).is(p.s.t, 303)
	p.get("/account") // and its notice is seen
	told := p.mail()
	for !strings.Contains(told.Text, "A passkey was added") {
		told = p.mail() // the one before was there already, and nobody had read it
	}
	return d
}

func (d *device) factor() string { return "passkeys" }

// next answers what the page asks for that the person is at.
func (d *device) next() string {
	for _, path := range []string{"/login/factor/options", "/account/prove/options"} {
		if asked := d.p.post(path); asked.status == 200 {
			return d.signs(asked.options())
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
		d.p.s.t.Fatal(err)
	}
	return s.answer(map[string]any{"clientDataJSON": encoded(client), "authenticatorData": encoded(data), "signature": encoded(signature), "userHandle": encoded(s.handle)})
}

func (d *device) statement(kind, challenge, host string, lies []func(*statement)) *statement {
	*d.count++
	s := &statement{kind: kind, challenge: challenge, origin: d.p.s.config.AppURL.String(), host: host, flags: present | verified | eligible | backedUp,
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

// in is a browser that has never been here, with the person's device at hand.
func (d *device) in(browser *person) *device {
	browser.email = d.p.email
	return d.at(browser)
}

func (d *device) beside(browser *person) factor { return d.at(browser) }

func (d *device) at(browser *person) *device {
	moved := *d
	moved.p = browser
	return &moved
}

// logsIn logs in with the passkey alone.
func (d *device) logsIn(lies ...func(*statement)) *page {
	d.p.s.t.Helper()
	return d.p.post("/login/passkey", "assertion", d.signs(d.p.post("/login/passkey/options").options(), lies...))
}

// W3C, A Well-Known URL for Relying Party Passkey Endpoints.
func TestWellKnown_PasskeyEndpointsNameThePages(t *testing.T) {
	s := newStage(t)
	page := s.visitor().get("/.well-known/passkey-endpoints").is(t, 200)
	want := `{"enroll":"` + s.config.AppURL.String() + `/account/passkeys/new","manage":"` + s.config.AppURL.String() + `/account/passkeys"}`
	if got := strings.TrimSpace(page.body); got != want || page.header.Get("Content-Type") != "application/json" {
		t.Errorf("the endpoints are %s (%s), want %s", got, page.header.Get("Content-Type"), want)
	}
}

func TestAPasskeyHasTheNameOfItsMaker(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	made := ada.newDevice().makes(ada.post("/account/passkeys/new/options").options(), func(s *statement) {
		s.maker = uuid.MustParse("bada5566-a7aa-401f-bd96-45619a55120d")
	})
	ada.get("/account/passkeys/new").submit("credential", made).is(t, 303)
	ada.get("/account/passkeys").says(t, "1Password")
}

func TestTwentyPasskeysAreTheMost(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	for range 20 {
		ada.passkey()
	}
	made := ada.newDevice().makes(ada.post("/account/passkeys/new/options").options())
	ada.get("/account/passkeys/new").submit("credential", made).is(t, 422).says(t, "20 passkeys are the most. Remove one first.")
	if n := s.count("passkeys", "1=1"); n != 20 {
		t.Errorf("there are %d", n)
	}
}

// Item 17: on a new device a login without the password is told of as well.
func TestItem17ALogInWithAPasskeyOnANewDeviceIsToldOf(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.passkey().in(s.visitor()).logsIn().redirects(t, "/dashboard")
	if told := ada.notice(); !strings.HasPrefix(told.Subject, "New login") {
		t.Errorf("she is mailed %q", told.Subject)
	}
}

func TestSomebodyLogsInWithAPasskeyAlone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey().in(s.visitor())
	ada.get("/account/passkeys").says(t, "Passkey", "Synced", "Not used yet")
	phone.logsIn().redirects(t, "/dashboard").says(t, "Hello, Ada")
	if s.count("sessions", "method = 'passkey' AND aal = 2") != 1 {
		t.Error("a passkey with user verification proves two factors")
	}
	ada.get("/account/passkeys").says(t, "Last used")
}

func TestAPasskeyIsAskedForAfterThePassword(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	ada.post("/logout")
	asked := ada.login(goodPassword).redirects(t, "/login/factor").says(t, "Confirm with one of your passkeys")
	asked.submit().is(t, 422).says(t, "needs JavaScript")
	asked.submit("answer", phone.next()).redirects(t, "/dashboard")
	if s.count("sessions", "method = 'password passkeys' AND aal = 2") != 1 {
		t.Error("the session does not know of the passkey")
	}
}

func TestAPasskeyIsAFreshProof(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	s.clock.passes(10 * time.Minute)
	asked := ada.post("/account/passkeys/remove", "id", ada.first("passkeys")).is(t, http.StatusUnauthorized).says(t, "Is it you?", "passkeys")
	asked.submit("answer", phone.next()).redirects(t, "/account/passkeys").says(t, "No passkey yet")
	if mail := ada.mail(); !strings.Contains(mail.Text, "A passkey was removed") {
		t.Errorf("the owner is mailed %q", mail.Text)
	}
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 50: a challenge is random, and good for one answer, five minutes, one purpose, and the browser that it was sent to.
func TestItem50AChallengeIsGoodForOneAnswerInOneBrowser(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey().in(s.visitor())
	asked := phone.p.post("/login/passkey/options").options()
	if raw, err := base64.RawURLEncoding.DecodeString(asked.Challenge); err != nil || len(raw) < 16 {
		t.Errorf("the challenge is %d bytes, %v", len(raw), err)
	}
	if strings.Contains(s.rows("passkey_challenges", "1=1"), asked.Challenge) {
		t.Error("the challenge is in the database")
	}
	answer := phone.signs(asked)
	other := s.visitor()
	other.post("/login/passkey", "assertion", answer).is(t, 422)
	other.post("/login/passkey/options")
	other.post("/login/passkey", "assertion", answer).is(t, 422)
	ada.post("/account/prove", "factor", "passkeys", "answer", answer).is(t, 422)
	phone.p.post("/login/passkey", "assertion", answer).redirects(t, "/dashboard")
	phone.p.post("/logout")
	phone.p.post("/login/passkey/options")
	phone.p.post("/login/passkey", "assertion", answer).is(t, 422).says(t, "did not let you in")

	late := phone.p.post("/login/passkey/options").options()
	s.clock.passes(5 * time.Minute)
	phone.p.post("/login/passkey", "assertion", phone.signs(late)).is(t, 422)
	phone.logsIn().redirects(t, "/dashboard")
}

// A wrong answer uses the challenge up as well.
func TestItem50AWrongAnswerLeavesNoChallengeBehind(t *testing.T) {
	s := newStage(t)
	phone := s.member("ada@example.com").passkey().in(s.visitor())
	asked := phone.p.post("/login/passkey/options").options()
	phone.p.post("/login/passkey", "assertion", phone.signs(asked, func(s *statement) { s.flags = present })).is(t, 422)
	phone.p.post("/login/passkey", "assertion", phone.signs(asked)).is(t, 422)
}

// Item 50: the challenge of one login, or one session, is none of another's, be it the same person's.
func TestItem50AProofIsBoundToWhatAskedForIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	forSession := phone.next()
	other := phone.in(s.visitor())
	asked := other.p.login(goodPassword).redirects(t, "/login/factor")
	asked.submit("answer", forSession).is(t, 422)
	forLogin := other.next()
	ada.post("/account/prove", "factor", "passkeys", "answer", forLogin).is(t, 422)
	twin := ada.newDevice()
	made := twin.makes(ada.post("/account/passkeys/new/options").options())
	fresh := s.visitor()
	fresh.email = ada.email
	phone.in(fresh).logsIn().redirects(t, "/dashboard")
	fresh.post("/account/passkeys/new", "credential", made).is(t, 422)
	asked.submit("answer", other.next()).redirects(t, "/dashboard")
}

// Item 50: what was asked for one purpose answers no other, in the same session.
func TestItem50AChallengeIsGoodForOnePurpose(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone, other := ada.passkey(), ada.newDevice()
	toProve := ada.post("/account/prove/options").options()
	toAdd := ada.post("/account/passkeys/new/options").options()
	toAdd.Challenge, toProve.Challenge = toProve.Challenge, toAdd.Challenge
	ada.post("/account/passkeys/new", "credential", other.makes(toAdd)).is(t, 422).says(t, "could not be added")
	ada.post("/account/prove", "factor", "passkeys", "answer", phone.signs(toProve)).is(t, 422).says(t, "not accepted")
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
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	phone := ada.passkey().in(s.visitor())
	all := lies()
	all["to make one"] = func(s *statement) { s.kind = "webauthn.create" }
	all["another key"] = func(s *statement) { s.key = ada.newDevice().key }
	all["not to be copied any more"] = func(s *statement) { s.flags &^= eligible | backedUp }
	all["another passkey"] = func(s *statement) { s.id = ada.newDevice().id }
	all["another person"] = func(s *statement) { s.handle = make([]byte, 64) }
	all["no person"] = func(s *statement) { s.handle = nil }
	for name, lie := range all {
		if page := phone.logsIn(lie); page.status != 422 || !strings.Contains(page.text(), "did not let you in") {
			t.Errorf("%s: %d", name, page.status)
		}
	}
	for _, junk := range []string{"", "{}", "[]", "null", "\x00", strings.Repeat("[", 60_000), `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		if page := phone.p.post("/login/passkey", "assertion", junk); page.status != 422 && page.status != 400 {
			t.Errorf("%.60q: %d", junk, page.status)
		}
	}
	phone.logsIn().redirects(t, "/dashboard")
}

// Item 51: the same holds for a new passkey, and what it signs with has to be one of what was offered.
func TestItem51ANewPasskeyWithAnythingWrongIsRefused(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	all := lies()
	all["to log in"] = func(s *statement) { s.kind = "webauthn.get" }
	all["an algorithm that was not offered"] = func(s *statement) { s.algorithm = -35 }
	all["too long a name"] = func(s *statement) { s.id = make([]byte, 1024) }
	for name, lie := range all {
		made := ada.newDevice().makes(ada.post("/account/passkeys/new/options").options(), lie)
		if page := ada.post("/account/passkeys/new", "credential", made); page.status != 422 {
			t.Errorf("%s: %d", name, page.status)
		}
	}
	ada.post("/account/passkeys/new", "credential", "").is(t, 422).says(t, "needs JavaScript")
	if s.count("passkeys", "1=1") != 0 {
		t.Error("there is one")
	}
	ada.passkey()
}

// Item 51: a passkey is one person's, and nobody else can have it registered.
func TestItem51APasskeyIsOnePersonsAlone(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	hers, his := ada.passkey(), mallory.passkey()
	stolen := mallory.newDevice()
	stolen.id = hers.id
	mallory.post("/account/passkeys/new", "credential", stolen.makes(mallory.post("/account/passkeys/new/options").options())).is(t, 422).says(t, "in use already")

	browser := his.in(s.visitor())
	browser.logsIn(func(s *statement) { s.handle = hers.handle }).is(t, 422)
	browser.logsIn(func(s *statement) { s.id = hers.id }).is(t, 422)
	asked := s.visitor().post("/login", "email", ada.email, "password", goodPassword).redirects(t, "/login/factor")
	wrong := his.in(asked.p)
	asked.submit("answer", wrong.next()).is(t, 422)
	asked.submit("answer", wrong.signs(asked.p.post("/login/factor/options").options(), func(s *statement) { s.handle = nil })).is(t, 422)
	asked.submit("answer", hers.in(asked.p).next()).redirects(t, "/dashboard")
}

// Item 51: a device that has not counted on may be one of two. It is refused, that is on record, and its owner is told once a day.
func TestItem51ACounterThatHasNotRisenIsRefusedOnRecordAndTold(t *testing.T) {
	s := newStage(t)
	phone := s.member("ada@example.com").passkey().in(s.visitor())
	*phone.count = 10
	phone.logsIn().redirects(t, "/dashboard")
	phone.p.post("/logout")
	for _, count := range []uint32{11, 10, 0} {
		phone.logsIn(func(s *statement) { s.count = count }).is(t, 422)
	}
	if !slices.Contains(s.events(), "passkey.copied") {
		t.Error("it is not on record")
	}
	told := func() int64 { return s.count("outbox", "kind = 'passkey_copied'") }
	if n := told(); n != 1 {
		t.Errorf("three in a day are told of in %d mails", n)
	}
	s.clock.passes(25 * time.Hour)
	if phone.logsIn(func(s *statement) { s.count = 0 }).is(t, 422); told() != 2 {
		t.Error("the next day it goes untold")
	}
	phone.logsIn(func(s *statement) { s.count = 1 << 31 }).redirects(t, "/dashboard")
}

// Password managers and Apple's devices do not count at all.
func TestADeviceThatDoesNotCountLogsInAgainAndAgain(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.newDevice()
	never := func(s *statement) { s.count = 0 }
	ada.post("/account/passkeys/new", "credential", phone.makes(ada.post("/account/passkeys/new/options").options(), never)).is(t, 303)
	for range 2 {
		phone.in(s.visitor()).logsIn(never).redirects(t, "/dashboard")
	}
}

// Item 52: what is asked of a browser tells nothing of who has an account, and what a device keeps nothing of whose it is.
func TestItem52NothingTellsWhoHasAPasskey(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	if len(phone.handle) != 64 || bytes.Contains(phone.handle, []byte(ada.user().ID)) || bytes.Contains(phone.handle, []byte("ada")) {
		t.Errorf("the handle is %q", phone.handle)
	}
	first, second := ada.twin(), s.visitor()
	ada.post("/logout")
	a, b := first.post("/login/passkey/options").options(), second.post("/login/passkey/options").options()
	if a.Challenge == b.Challenge || len(a.AllowCredentials)+len(b.AllowCredentials) != 0 || a.UserVerification != "required" || a.RPID != "localhost" {
		t.Errorf("%+v, %+v", a, b)
	}
	again := s.member("ada2@example.com").post("/account/passkeys/new/options").options()
	if again.User.ID == encoded(phone.handle) || len(again.ExcludeCredentials) != 0 {
		t.Error("two people have one handle")
	}
}

// Items 52 and 53: what a new passkey has to be, and that a device makes one for each account alone.
func TestItem53ANewPasskeyIsAskedForInFull(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	o := ada.post("/account/passkeys/new/options").options()
	if len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != encoded(phone.id) || o.User.ID != encoded(phone.handle) {
		t.Errorf("excluded: %v", o.ExcludeCredentials)
	}
	if fmt.Sprint(o.PubKeyCredParams) != "[{-7} {-257} {-8}]" || o.Timeout != 300_000 || o.Attestation != "none" ||
		o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("%+v", o)
	}
	if p := ada.post("/account/prove/options").options(); len(p.AllowCredentials) != 1 || p.UserVerification != "required" || p.Timeout != 300_000 {
		t.Errorf("%+v", p)
	}
}

// Item 52: passkeys are added and removed by their owner, who has just shown who they are.
func TestItem52APasskeyIsRenamedAndRemovedByItsOwnerAlone(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	phone := ada.passkey()
	id := ada.first("passkeys")
	mallory.post("/account/passkeys/rename", "id", id, "name", "Mine").is(t, 404)
	mallory.post("/account/passkeys/remove", "id", id).is(t, 404)
	ada.post("/account/passkeys/rename", "id", id, "name", "").is(t, 422).says(t, "Enter a name.")
	ada.post("/account/passkeys/rename", "id", id, "name", "My phone").redirects(t, "/account/passkeys").says(t, "My phone")
	made := ada.newDevice().makes(ada.post("/account/passkeys/new/options").options())
	s.clock.passes(10 * time.Minute)
	ada.post("/account/passkeys/new/options").is(t, http.StatusUnauthorized)
	ada.post("/account/passkeys/new", "credential", made).is(t, http.StatusUnauthorized)
	ada.get("/account/passkeys/new").redirects(t, "/account/prove?next=%2Faccount%2Fpasskeys%2Fnew").submit("answer", phone.next()).redirects(t, "/account/passkeys/new")
	ada.post("/account/passkeys/remove", "id", id).redirects(t, "/account/passkeys").says(t, "No passkey yet")
}

// Item 52: the last way in stays.
func TestItem52TheLastWayInCannotBeRemoved(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.passkey()
	second := ada.passkey()
	if err := s.db.Model(ada.user()).Update("password_hash", "").Error; err != nil {
		t.Fatal(err)
	}
	ada.post("/account/passkeys/remove", "id", ada.first("passkeys")).redirects(t, "/account/passkeys").says(t, "Passkey 2")
	ada.post("/account/passkeys/remove", "id", ada.first("passkeys")).is(t, 422).says(t, "only way to log in")
	if s.count("passkeys", "credential_id = ?", second.id) != 1 {
		t.Error("it is gone")
	}
}

// Item 67: of two passkeys that are the only ways in, fifty requests at once leave one.
func TestItem67FiftyRequestsLeaveTheLastWayIn(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	ada.passkey()
	ada.passkey()
	var ids []string
	if err := errors.Join(s.db.Raw("SELECT id FROM passkeys").Scan(&ids).Error, s.db.Model(ada.user()).Update("password_hash", "").Error); err != nil {
		t.Fatal(err)
	}
	ada.sendsFifty("/account/passkeys/remove", func(i int) url.Values { return url.Values{"id": {ids[i%2]}} })
	if n := s.count("passkeys", "1=1"); n != 1 {
		t.Errorf("%d are left", n)
	}
}

func TestItem67FiftyRequestsWithOneAnswerToTheSecondFactorAreOneLogIn(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/login/factor")
	fields := url.Values{"factor": {"passkeys"}, "answer": {phone.next()}}
	ada.sendsFifty("/login/factor", func(int) url.Values { return fields })
	if n := s.count("sessions", "method = 'password passkeys'"); n != 1 {
		t.Errorf("%d are let in", n)
	}
}

// Item 67: of fifty requests with one answer one is let in.
func TestItem67FiftyRequestsWithOneAssertionAreOneLogIn(t *testing.T) {
	s := newStage(t, noRateLimit)
	phone := s.member("ada@example.com").passkey().in(s.visitor())
	answer := phone.signs(phone.p.post("/login/passkey/options").options())
	browsers := make([]*person, 50)
	for i := range browsers {
		browsers[i] = phone.p.twin()
	}
	s.atOnce(len(browsers), func(i int) {
		browsers[i].races("/login/passkey", url.Values{"assertion": {answer}})
	})
	if in := s.count("sessions", "method = 'passkey'"); in != 1 {
		t.Errorf("%d are let in", in)
	}
}

func TestItem67FiftyRequestsWithOneNewPasskeyAddOne(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	made := ada.newDevice().makes(ada.post("/account/passkeys/new/options").options())
	browsers := make([]*person, 50)
	for i := range browsers {
		browsers[i] = ada.twin()
	}
	s.atOnce(len(browsers), func(i int) {
		browsers[i].races("/account/passkeys/new", url.Values{"credential": {made}})
	})
	if n := s.count("passkeys", "1=1"); n != 1 {
		t.Errorf("there are %d", n)
	}
}

func TestChallengesThatNobodyAnswersAreFewAndSwept(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	for range 12 {
		eve.post("/login/passkey/options").is(t, 200)
	}
	if n := s.count("passkey_challenges", "1=1"); n != 10 {
		t.Errorf("one browser has %d", n)
	}
	s.hits("passkey-asked", 999)
	eve.post("/login/passkey/options").is(t, 200)
	eve.post("/login/passkey/options").is(t, http.StatusTooManyRequests)
	s.clock.passes(5 * time.Minute)
	if err := s.cleanup(t.Context()); err != nil || s.count("passkey_challenges", "1=1") != 0 {
		t.Errorf("they stay: %v", err)
	}
}

func TestAPasskeyIsOfferedAfterALogInByPasswordUntilItIsDeclined(t *testing.T) {
	s := newStage(t)
	const offer = "Log in faster next time"
	ada := s.user("ada@example.com")
	again := func() *page { ada.post("/logout"); return ada.login(goodPassword).redirects(t, "/dashboard") }
	again().says(t, offer).submit("when", "later").redirects(t, "/dashboard").hides(t, offer)
	s.clock.passes(14*24*time.Hour - time.Minute)
	again().hides(t, offer)
	s.clock.passes(time.Minute)
	again().says(t, offer)
	ada.get("/account").hides(t, offer)
	s.visitor().signUp("Grace", "grace@example.com", goodPassword).redirects(t, "/dashboard").hides(t, offer)
	ada.post("/account/passkeys/decline", "when", "never").redirects(t, "/dashboard").hides(t, offer)
	s.clock.passes(400 * 24 * time.Hour)
	again().hides(t, offer)
}

func TestAPasskeyIsOfferedAfterAMailedLogInToo(t *testing.T) { // feature:mail_login
	s := newStage(t)                                                                                     // feature:mail_login
	const offer = "Log in faster next time"                                                              // feature:mail_login
	ada := s.user("ada@example.com")                                                                     // feature:mail_login
	again := func() *page { return ada.get(ada.asksForMail().Link).submit().redirects(t, "/dashboard") } // feature:mail_login
	again().says(t, offer).submit("when", "later").redirects(t, "/dashboard").hides(t, offer)            // feature:mail_login
	ada.post("/logout")                                                                                  // feature:mail_login
	again().hides(t, offer)                                                                              // feature:mail_login
} // feature:mail_login

func TestWhoHasAPasskeyIsNotOfferedOne(t *testing.T) {
	s := newStage(t)
	const offer = "Log in faster next time"
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	ada.get("/dashboard").hides(t, offer)
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/login/factor").submit("answer", phone.next()).redirects(t, "/dashboard").hides(t, offer)
	bob := s.user("bob@example.com") // in a browser that Grace has left with an offer
	grace := s.user("grace@example.com")
	grace.login(goodPassword).redirects(t, "/dashboard").says(t, offer)
	grace.post("/logout")
	grace.post("/login", "email", bob.email, "password", goodPassword).redirects(t, "/dashboard").says(t, offer)
	grace.post("/logout")
	phone.in(grace).logsIn().redirects(t, "/dashboard").hides(t, offer)
}

// What was typed, and where somebody was going, is there after a login by passkey too.
func TestAPasskeyLeadsWhereSomebodyWasGoing(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	ada.post("/logout")
	ada.post("/login/passkey", "next", "/account/sessions", "assertion", "{}").is(t, 422).says(t, "Log in with a passkey")
	answer := phone.signs(ada.post("/login/passkey/options").options())
	ada.post("/login/passkey", "next", "/account/sessions", "remember", "true", "assertion", answer).redirects(t, "/account/sessions")
	if s.count("sessions", "method = 'passkey' AND remember") != 1 {
		t.Error("the session is not remembered")
	}
}

func TestWhereThereCanBeNoPasskeysTheSiteSaysSo(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.AppURL.Host = "127.0.0.1:" + c.AppURL.Port() })
	ada := s.member("ada@example.com")
	ada.get("/dashboard").hides(t, "passkey")
	ada.get("/account/passkeys").is(t, 200).says(t, "Passkeys do not work here")
	ada.get("/account/passkeys/new").is(t, 200).says(t, "Passkeys do not work here")
	ada.get("/account/security").is(t, 200).says(t, "They need this site to have a name")
	ada.post("/account/passkeys/new/options").is(t, 404)
	s.visitor().post("/login/passkey/options").is(t, 404)
}

func TestSomebodyWithoutTheirDeviceLogsInWithARecoveryCode(t *testing.T) { // feature:recovery_codes
	s := newStage(t)                                                                                     // feature:recovery_codes
	ada := s.member("ada@example.com")                                                                   // feature:recovery_codes
	ada.passkey()                                                                                        // feature:recovery_codes
	codes := ada.recoveryCodes()                                                                         // feature:recovery_codes
	ada.post("/logout")                                                                                  // feature:recovery_codes
	ada.login(goodPassword).redirects(t, "/login/factor").says(t, "Use a recovery code")                 // feature:recovery_codes
	ada.post("/login/factor", "factor", "recovery_codes", "answer", codes[0]).redirects(t, "/dashboard") // feature:recovery_codes
} // feature:recovery_codes

// Item 49: a passkey belongs to who may log in. One of a disabled account lets nobody in.
func TestThePasskeyOfADisabledAccountLetsNobodyIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey().in(s.visitor())
	if err := s.db.Model(&models.User{}).Where("email = ?", ada.email).Update("disabled_at", s.clock.now()).Error; err != nil {
		t.Fatal(err)
	}
	phone.logsIn().is(t, 422)
}

// Item 17: a passkey is the classic way of staying in somebody's account.
func TestItem17AThiefsPasskeyDoesNotLetThemBackIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/dashboard")
	told := ada.notice()
	key := thief.passkey()
	ada.get(told.Link).submit().redirects(t, "/login/factor")
	key.in(s.visitor()).logsIn().redirects(t, "/password/forgot").says(t, "This account was locked.")
	if n := s.count("sessions", "expires_at > ?", s.clock.now()) + s.count("pending_logins", "method <> 'reset'"); n != 0 {
		t.Errorf("%d ways are open to the thief", n)
	}
}

func TestItem17WhoLocksAThiefOutLosesTheThiefsPasskeyAndKeepsTheirOwn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	own := ada.secondFactor()
	s.clock.passes(time.Minute)
	thief := ada.twin()
	key := thief.newDevice()
	made := key.makes(thief.post("/account/passkeys/new/options").options())
	thief.get("/account/passkeys/new").submit("credential", made).is(t, 303)
	ada.get(ada.mail().Link).submit().redirects(t, "/login/factor")
	ada.post("/login/factor", "factor", own.factor(), "answer", own.next()).redirects(t, "/login/password").
		submit("password", otherPassword).redirects(t, "/login")
	key.in(s.visitor()).logsIn().is(t, 422)
	s.clock.passes(time.Minute)
	ada.login(otherPassword).redirects(t, "/login/factor")
	ada.post("/login/factor", "factor", own.factor(), "answer", own.next()).redirects(t, "/dashboard")
}

// Item 17: what somebody has used since the account was locked is what its owner has used, and no try of the thief's makes theirs that.
func TestItem17AThiefWhoTriesTheirPasskeyOnALockedAccountLosesIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	own := ada.passkey()
	thiefs := ada.twin().passkey()
	ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor")
	thiefs.in(s.visitor()).logsIn().redirects(t, "/password/forgot")
	ada.post("/login/factor", "factor", own.factor(), "answer", own.next()).redirects(t, "/login/password").
		submit("password", otherPassword).redirects(t, "/login")
	thiefs.in(s.visitor()).logsIn().is(t, 422)
	own.in(s.visitor()).logsIn().redirects(t, "/dashboard")
}

// Item 17: a second mail, sent while the account is locked, is answered as well, and makes nothing of what the first has disowned the owner's.
func TestItem17WhoLocksAnAccountThatIsLockedLosesNoLess(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	own := ada.passkey()
	*own.count = 10
	own.in(s.visitor()).logsIn().redirects(t, "/dashboard")
	thiefs := ada.twin().passkey()
	s.clock.passes(time.Hour)
	asked := ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor")
	options := ada.post("/login/factor/options").options()
	asked.submit("factor", "passkeys", "answer", own.signs(options, func(s *statement) { s.count = 1 })).is(t, 422)
	told := s.lastMail(ada.email)
	if !strings.Contains(told.Text, "as a copy of it would be") {
		t.Fatalf("she is mailed %q", told.Text)
	}
	ada.get(told.Link).submit().redirects(t, "/login/factor").proves(own).
		choosesAnotherPassword(t)
	ada.keepsOnly(own, thiefs)
}

func TestItem68WhatHappensToAPasskeyIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.passkey().in(s.visitor()).logsIn(func(s *statement) { s.challenge = "another" }).is(t, 422)
	id := ada.first("passkeys")
	ada.post("/account/passkeys/rename", "id", id, "name", "My phone").redirects(t, "/account/passkeys")
	ada.post("/account/passkeys/remove", "id", id).redirects(t, "/account/passkeys")
	s.records("passkey.added", "passkey.refused", "passkey.renamed", "passkey.removed")
}

// A passkey that a thief may have added does not choose the password that is due since whoever runs the site made it void.
func TestAPasskeyOpensNothingWhereThePasswordWasMadeVoid(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey().in(s.visitor())
	if err := s.auth.ExpirePassword(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	phone.logsIn().redirects(t, "/password/forgot").says(t, "was locked")
	phone.p.get("/login/password").redirects(t, "/login")
}

// A passkey that another device removes while it is used is gone, and no copy.
func TestAPasskeyThatIsRemovedMeanwhileIsNoCopy(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey().in(s.visitor())
	fields := url.Values{"assertion": {phone.signs(phone.p.post("/login/passkey/options").options())}}
	gone := false
	err := s.db.Callback().Query().After("gorm:query").Register("removed", func(db *gorm.DB) {
		if db.Statement.Table == "passkeys" && !gone {
			gone = true
			if err := s.db.Session(&gorm.Session{NewDB: true}).Exec("DELETE FROM passkeys").Error; err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if page, err := phone.p.try(http.MethodPost, "/login/passkey", fields); err != nil || page.status != 422 {
		t.Errorf("it is answered %v, %v", page, err)
	}
	if n := s.count("events", "name = 'passkey.copied'"); n != 0 {
		t.Error("a copy is on record")
	}
}

func TestWhatSomebodyWasSendingSurvivesALockedAccount(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.passkey()
	kept := attribute(ada.isAway().input("kept"), "value")
	if err := s.auth.ExpirePassword(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	page := ada.post("/login/passkey", "assertion", phone.signs(ada.post("/login/passkey/options").options()), "kept", kept)
	page.is(t, 422).says(t, "was locked", "still there")
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
	d.in(e.visitor()).logsIn().redirects(t, "/dashboard").says(t, "Hello, Grace")
}
