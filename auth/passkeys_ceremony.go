package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

const (
	// openChallenges is how many answers one browser, session or login may have open: as many as people have tabs.
	openChallenges = 10
	// maxPasskeyAnswer is in bytes; those of devices have some hundreds, with an attestation that nobody asked for a few thousand.
	maxPasskeyAnswer = 64 << 10
)

// PasskeysWork says whether browsers have passkeys at APP_URL. They belong to a name, so an address made of numbers has none, and to a
// secure context: https, or this very machine.
func (a *Auth) PasskeysWork() bool {
	host := a.config.AppURL.Hostname()
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	return net.ParseIP(host) == nil && (a.config.HTTPS() || local)
}

// passkeyPurpose is what the answer to a challenge is good for; it is good for nothing else.
type passkeyPurpose string

const (
	passkeyLogIn passkeyPurpose = "log in"
	passkeyProve passkeyPurpose = "prove"
	passkeyAdd   passkeyPurpose = "add"
)

// ceremony is for what a device is asked to sign, and to what the answer is bound.
type ceremony struct {
	purpose passkeyPurpose
	boundTo string
}

func provingBy(of Challenge) ceremony { return ceremony{passkeyProve, of.ID} }

func addingIn(actor *Actor) ceremony { return ceremony{passkeyAdd, actor.Session.ID} }

// loggingIn is bound to a token that one browser has. The row keeps its SHA-256.
func loggingIn(browser string) ceremony {
	return ceremony{passkeyLogIn, fmt.Sprintf("%x", HashToken(browser))}
}

// relyingParty is this application as passkeys know it: they are made for its host, and accepted from its origin alone.
func (a *Auth) relyingParty() (*webauthn.WebAuthn, error) {
	rp, err := webauthn.New(&webauthn.Config{
		RPID:                  a.config.AppURL.Hostname(),
		RPDisplayName:         a.config.AppName,
		RPOrigins:             []string{a.config.AppURL.Scheme + "://" + a.config.AppURL.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: models.PasskeyChallengeLifetime},
			Registration: webauthn.TimeoutConfig{Timeout: models.PasskeyChallengeLifetime},
		},
		// No extension is asked for and none is read. Password managers answer some of them all the same.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("make the relying party: %w", err)
	}
	return rp, nil
}

// passkeyAlgorithms are those that a new passkey may have, the best liked first.
func passkeyAlgorithms() (list []protocol.CredentialParameter) {
	for _, algorithm := range []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgRS256, webauthncose.AlgEdDSA} {
		list = append(list, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: algorithm})
	}
	return list
}

// keeper is a person as the library wants to know them.
type keeper struct {
	user  *models.User
	owner models.PasskeyOwner // without a handle where they never had a passkey
	list  []models.Passkey
}

func (k *keeper) WebAuthnID() []byte          { return k.owner.Handle }
func (k *keeper) WebAuthnName() string        { return k.user.Email }
func (k *keeper) WebAuthnDisplayName() string { return k.user.Name }

// WebAuthnCredentials are the passkeys.
func (k *keeper) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(k.list))
	for i, p := range k.list {
		list[i] = webauthn.Credential{
			ID: p.CredentialID, PublicKey: p.PublicKey, Transport: transportsOf(p.Transports),
			Flags:         webauthn.CredentialFlags{BackupEligible: p.BackupEligible, BackupState: p.BackedUp},
			Authenticator: webauthn.Authenticator{SignCount: uint32(p.SignCount)},
		}
	}
	return list
}

// WebAuthnCredentialIDs are those of the passkeys that are accepted.
func (k *keeper) WebAuthnCredentialIDs() (ids [][]byte) {
	for _, p := range k.list {
		ids = append(ids, p.CredentialID)
	}
	return ids
}

// keeperOf reads what there is of the user's.
func keeperOf(db *gorm.DB, user *models.User) (*keeper, error) {
	owner, err := models.PasskeyOwnerOf(db, user.ID)
	if err != nil {
		return nil, fmt.Errorf("find the owner of passkeys: %w", err)
	}
	list, err := models.PasskeysOf(db, user.ID)
	if err != nil {
		return nil, fmt.Errorf("list the passkeys: %w", err)
	}
	return &keeper{user, owner, list}, nil
}

// transportsOf drops what is none: browsers are told again what another browser said.
func transportsOf(list string) (known []protocol.AuthenticatorTransport) {
	for name := range strings.SplitSeq(list, ",") {
		switch t := protocol.AuthenticatorTransport(name); t {
		case protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal:
			if !slices.Contains(known, t) {
				known = append(known, t)
			}
		}
	}
	return known
}

func joinTransports(list []protocol.AuthenticatorTransport) string {
	var names []string
	for _, t := range list {
		names = append(names, string(t))
	}
	known := transportsOf(strings.Join(names, ","))
	names = names[:0]
	for _, t := range known {
		names = append(names, string(t))
	}
	return strings.Join(names, ",")
}

// keepChallenge keeps what was sent to a browser to be signed, for the one answer that counts.
func (a *Auth) keepChallenge(ctx context.Context, of ceremony, text string) error {
	now := a.now()
	row := models.PasskeyChallenge{ID: NewID(), ChallengeHash: HashToken(text), Purpose: string(of.purpose), BoundTo: of.boundTo,
		CreatedAt: now, ExpiresAt: now.Add(models.PasskeyChallengeLifetime)}
	err := a.Transact(ctx, func(t *Tx) error { return models.KeepPasskeyChallenge(t.DB, row, openChallenges) })
	if err != nil {
		return fmt.Errorf("keep the challenge: %w", err)
	}
	return nil
}

// takeChallenge uses up the challenge that an answer names. The error may be errPasskeyRefused.
func (a *Auth) takeChallenge(ctx context.Context, of ceremony, text string) error {
	taken, err := models.TakePasskeyChallenge(a.db.WithContext(ctx), HashToken(text), string(of.purpose), of.boundTo, a.now())
	if err != nil {
		return fmt.Errorf("use the challenge: %w", err)
	}
	if !taken {
		return refusePasskey(errNoChallenge)
	}
	return nil
}

// askForPasskey returns the options that PublicKeyCredential.parseRequestOptionsFromJSON reads. Those for a keeper name their passkeys;
// those for nobody name none, so that they tell nothing of who has an account.
func (a *Auth) askForPasskey(ctx context.Context, of ceremony, k *keeper) (options []byte, err error) {
	rp, err := a.relyingParty()
	if err != nil {
		return nil, err
	}
	var asked *protocol.CredentialAssertion
	var session *webauthn.SessionData
	if k == nil {
		asked, session, err = rp.BeginDiscoverableLogin()
	} else {
		asked, session, err = rp.BeginLogin(k)
	}
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	if err := a.keepChallenge(ctx, of, session.Challenge); err != nil {
		return nil, err
	}
	return json.Marshal(asked.Response)
}

// errPasskeyRefused says that what a device answered is not as it should be. Why is for the log alone.
var errPasskeyRefused = errors.New("the passkey is refused")

func refusePasskey(why error) error {
	if known, ok := errors.AsType[*protocol.Error](why); ok {
		return fmt.Errorf("%w: %s", errPasskeyRefused, known.Details) // its DevInfo would repeat what the browser sent
	}
	return fmt.Errorf("%w: %w", errPasskeyRefused, why)
}

var (
	errUnreadable  = errors.New("the answer cannot be read")
	errNoChallenge = errors.New("the challenge was not sent there for this, is too old, or was answered already")
	errNoOwner     = errors.New("the user handle is nobody's")
	errCopied      = errors.New("the device has not counted on")
)

// assertion is what a device has signed as it should.
type assertion struct {
	user    *models.User
	passkey models.Passkey
	data    protocol.AuthenticatorData
}

// checkAssertion checks what a device has signed: type, challenge, origin, host, presence and verification of the person, signature, backup
// flags, and that the passkey is its owner's (Web Authentication Level 3, section 7.2). The challenge is used up by it, right or wrong. owner
// is nil where the passkey says who that is. The error may be errPasskeyRefused.
func (a *Auth) checkAssertion(ctx context.Context, of ceremony, owner *models.User, answer string) (*assertion, error) {
	if len(answer) > maxPasskeyAnswer {
		return nil, refusePasskey(errUnreadable)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, refusePasskey(errUnreadable)
	}
	text := parsed.Response.CollectedClientData.Challenge
	if err := a.takeChallenge(ctx, of, text); err != nil {
		return nil, err
	}
	k, err := a.keeperFor(ctx, owner, parsed.Response.UserHandle)
	if err != nil {
		return nil, err
	}
	rp, err := a.relyingParty()
	if err != nil {
		return nil, err
	}
	session := webauthn.SessionData{Challenge: text, RelyingPartyID: rp.Config.RPID, UserID: k.owner.Handle, UserVerification: protocol.VerificationRequired}
	credential, err := rp.ValidateLogin(k, session, parsed)
	if err != nil {
		return nil, refusePasskey(err)
	}
	i := slices.IndexFunc(k.list, func(p models.Passkey) bool { return bytes.Equal(p.CredentialID, credential.ID) })
	return &assertion{k.user, k.list[i], parsed.Response.AuthenticatorData}, nil
}

// keeperFor is the owner who is to be proven, or else whoever has the handle. The error may be errPasskeyRefused.
func (a *Auth) keeperFor(ctx context.Context, owner *models.User, handle []byte) (*keeper, error) {
	db := a.db.WithContext(ctx)
	if owner == nil {
		user, err := models.FindPasskeyOwner(db, handle)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil, refusePasskey(errNoOwner)
		}
		if err != nil {
			return nil, fmt.Errorf("find the owner of the handle: %w", err)
		}
		owner = &user
	}
	k, err := keeperOf(db, owner)
	if err == nil && k.owner.Handle == nil {
		err = refusePasskey(errNoOwner)
	}
	return k, err
}

// usePasskey counts on with the device. Where it has not counted there are two of it, one of them perhaps a thief's: that is on record, and
// neither is let in.
func (a *Auth) usePasskey(t *Tx, user *models.User, signed *assertion, client Client) (right bool, err error) {
	further, err := models.UsePasskey(t.DB, signed.passkey.ID, int64(signed.data.Counter), signed.data.Flags.HasBackupState(), t.Now())
	if err != nil {
		return false, fmt.Errorf("note the use of the passkey: %w", err)
	}
	if !further {
		if there, err := models.PasskeyExists(t.DB, signed.passkey.ID); err != nil || !there { // it was removed in this very moment
			return false, err
		}
		a.log.InfoContext(t.Statement.Context, refusePasskey(errCopied).Error())
		return false, a.tellOfCopy(t, user, signed.passkey, client)
	}
	return true, nil
}

// tellOfCopy mails the owner once a day: whoever has the copy could have it refused as often as they like.
func (a *Auth) tellOfCopy(t *Tx, owner *models.User, passkey models.Passkey, client Client) error {
	told, err := models.HasEvent(t.DB, owner.ID, EventPasskeyCopied, t.Now().Add(-24*time.Hour), t.Now())
	if err != nil {
		return fmt.Errorf("look whether the owner of the passkey is told: %w", err)
	}
	if !told {
		err := a.Alert(t, owner, client, func(i mail.Incident) mail.Message {
			return a.messages.PasskeyCopied(owner.Email, passkeyMaker(passkey.Maker), i)
		})
		if err != nil {
			return err
		}
	}
	return a.Record(t, EventPasskeyCopied, Subject{UserID: &owner.ID, Client: client}, Detail{"passkey": passkey.ID})
}

// makePasskey checks a new passkey (Web Authentication Level 3, section 7.1), and uses its challenge up. The error may be
// errPasskeyRefused.
func (a *Auth) makePasskey(ctx context.Context, actor *Actor, answer string) (*models.Passkey, error) {
	if len(answer) > maxPasskeyAnswer {
		return nil, refusePasskey(errUnreadable)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, refusePasskey(errUnreadable)
	}
	text := parsed.Response.CollectedClientData.Challenge
	if err := a.takeChallenge(ctx, addingIn(actor), text); err != nil {
		return nil, err
	}
	k, err := a.keeperFor(ctx, &actor.User, nil)
	if err != nil {
		return nil, err
	}
	rp, err := a.relyingParty()
	if err != nil {
		return nil, err
	}
	session := webauthn.SessionData{Challenge: text, RelyingPartyID: rp.Config.RPID, UserID: k.owner.Handle, CredParams: passkeyAlgorithms(),
		UserVerification: protocol.VerificationRequired}
	made, err := rp.CreateCredential(k, session, parsed)
	if err != nil {
		return nil, refusePasskey(err)
	}
	maker, err := uuid.FromBytes(made.Authenticator.AAGUID)
	if err != nil {
		return nil, refusePasskey(err)
	}
	return &models.Passkey{ID: NewID(), UserID: actor.User.ID, CredentialID: made.ID, PublicKey: made.PublicKey,
		SignCount: int64(made.Authenticator.SignCount), Maker: maker.String(), Transports: joinTransports(made.Transport),
		BackupEligible: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState}, nil
}
