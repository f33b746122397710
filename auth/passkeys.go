package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/models"
)

// The events of passkeys.
const (
	EventPasskeyAdded   = "passkey.added"
	EventPasskeyRenamed = "passkey.renamed"
	EventPasskeyRemoved = "passkey.removed"
	EventPasskeyRefused = "passkey.refused"
	EventPasskeyCopied  = "passkey.copied" // its device has not counted on, so there may be two of it
)

const (
	passkeyHandle = 64 // random bytes, the most that there may be (Web Authentication Level 3, section 5.4.3)
	maxPasskeys   = 20
	offerAgain    = 14 * 24 * time.Hour
)

// The rules of passkeys. What is counted for a challenge is the page that asks for it, since each opening of the login page is one. What
// is counted for an answer is a wrong one; it cannot be guessed, but costs a signature to check.
var (
	LimitPasskeyAsked = limit.Limit{Name: "passkey-asked", Window: 15 * time.Minute, Settings: PerLoginFailure(asksPerFailure)}
	LimitPasskeyIP    = limit.Limit{Name: "passkey-ip", Window: 15 * time.Minute, Settings: PerLoginFailure(1)}
)

// asksPerFailure is how many challenges an address may have for each failed
// login: every page that offers a login asks for one.
const asksPerFailure = 10

// passkeys are a factor, and a credential of their own.
func (a *Auth) passkeys() Feature {
	return Feature{
		Factors: []Factor{{
			Name: "passkeys", Second: true, Words: passkeyWords, Has: models.HasPasskeys, Check: a.checkPasskey, Rows: &models.Passkey{},
		}},
		Credentials: []func(*gorm.DB, *models.User) (bool, error){
			func(db *gorm.DB, user *models.User) (bool, error) { return models.HasPasskeys(db, user.ID) },
		},
	}
}

// ErrNoPasskeys is the answer where there is no passkey to ask for, or none can be.
var ErrNoPasskeys = errors.New("there are no passkeys here")

// countAsked comes before each challenge: it bounds the rows that one address can make.
func (a *Auth) countAsked(ctx context.Context, client Client) error {
	if err := a.Attempt(ctx, client, LimitPasskeyAsked.From(client.IP)...); err != nil {
		return err
	}
	if !a.PasskeysWork() {
		return ErrNoPasskeys
	}
	return nil
}

// PasskeyLogIn returns the options with which a browser asks for any passkey of this site, the same for everybody, and the token that
// the answer has to come with: the browser's, or a new one. The error is a Limited or ErrNoPasskeys.
func (a *Auth) PasskeyLogIn(ctx context.Context, browser string, client Client) (options []byte, token string, err error) {
	if err := a.countAsked(ctx, client); err != nil {
		return nil, "", err
	}
	if token = browser; token == "" {
		token, _ = NewToken()
	}
	options, err = a.askForPasskey(ctx, loggingIn(token), nil)
	return options, token, err
}

// AuthenticateByPasskey returns the user whose passkey has answered in the browser with this token. The error is an Invalid, the same
// whatever is wrong, or a Limited.
func (a *Auth) AuthenticateByPasskey(ctx context.Context, browser, answer string, client Client) (user *models.User, err error) {
	wrong := Invalid{"": "That passkey did not let you in. Try again, or log in with your password."}
	if browser == "" || answer == "" {
		return nil, wrong
	}
	ok, err := a.AttemptSecret(ctx, client, limit.Shared(LimitPasskeyIP.From(client.IP)),
		func() (right bool, err error) {
			signed, err := a.checkAssertion(ctx, loggingIn(browser), nil, answer)
			if right, err := a.passkeyIsRight(ctx, err); err != nil || !right {
				return false, err
			}
			user = signed.user
			if IsLocked(user) { // it opens nothing
				return true, nil
			}
			err = a.Transact(ctx, func(t *Tx) error {
				user, err := LockUnchanged(t, user)
				if err != nil {
					return err
				}
				right, err = a.usePasskey(t, user, signed, client)
				return err
			})
			return right, err
		},
		func(t *Tx) error { return a.Record(t, EventPasskeyRefused, Subject{Client: client}, nil) })
	if err == nil && !ok {
		return nil, wrong
	}
	return user, err
}

// passkeyIsRight turns a refusal into an answer that is wrong, and logs why, which the person is not told.
func (a *Auth) passkeyIsRight(ctx context.Context, err error) (bool, error) {
	if errors.Is(err, errPasskeyRefused) {
		a.log.InfoContext(ctx, err.Error())
		return false, nil
	}
	return err == nil, err
}

// PasskeyFactor returns the options with which the browser asks for a passkey of whoever has begun this login. The error is a Limited or
// ErrNoPasskeys.
func (a *Auth) PasskeyFactor(ctx context.Context, p *PendingLogin) ([]byte, error) {
	return a.passkeyOf(ctx, &p.User, Challenge{ID: p.ID, Client: p.Client})
}

// PasskeyReauth returns the options with which the user's browser asks for one of their passkeys, for Reauthenticate. The error is a Limited or
// ErrNoPasskeys.
func (a *Auth) PasskeyReauth(ctx context.Context, actor *Actor) ([]byte, error) {
	return a.passkeyOf(ctx, &actor.User, Challenge{ID: actor.Session.ID, Client: actor.Client})
}

func (a *Auth) passkeyOf(ctx context.Context, user *models.User, of Challenge) ([]byte, error) {
	if err := a.countAsked(ctx, of.Client); err != nil {
		return nil, err
	}
	k, err := keeperOf(a.db.WithContext(ctx), user)
	if err != nil {
		return nil, err
	}
	if len(k.list) == 0 {
		return nil, ErrNoPasskeys
	}
	return a.askForPasskey(ctx, provingBy(of), k)
}

// checkPasskey says whether the answer is that of one of the user's passkeys to what PasskeyFactor or PasskeyReauth asked.
func (a *Auth) checkPasskey(ctx context.Context, user *models.User, answer string, of Challenge) (UseAnswer, error) {
	signed, err := a.checkAssertion(ctx, provingBy(of), user, answer)
	if right, err := a.passkeyIsRight(ctx, err); err != nil || !right {
		return nil, err
	}
	return func(t *Tx, user *models.User) (string, bool, error) {
		right, err := a.usePasskey(t, user, signed, of.Client)
		return signed.passkey.ID, right, err
	}, nil
}

var passkeyWords = AnswerWords{
	"Your browser has to ask for the passkey, for which it needs JavaScript. Choose another way if there is one.",
	"That passkey was not accepted. Try again, or choose another way.",
}

// NewPasskey returns the options with which the user's browser makes a passkey, as PublicKeyCredential.parseCreationOptionsFromJSON
// reads them. The error is a Limited, ErrReauthRequired or ErrNoPasskeys.
func (a *Auth) NewPasskey(ctx context.Context, actor *Actor) ([]byte, error) {
	if err := a.countAsked(ctx, actor.Client); err != nil {
		return nil, err
	}
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return nil, err
	}
	db := a.db.WithContext(ctx)
	if _, err := a.keepPasskeyOwner(db, actor.User.ID); err != nil {
		return nil, err
	}
	k, err := keeperOf(db, &actor.User)
	if err != nil {
		return nil, err
	}
	rp, err := a.relyingParty()
	if err != nil {
		return nil, err
	}
	made, session, err := rp.BeginRegistration(k, webauthn.WithCredentialParameters(passkeyAlgorithms()),
		webauthn.WithExclusions(webauthn.Credentials(k.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("begin to make a passkey: %w", err)
	}
	if err := a.keepChallenge(ctx, addingIn(actor), session.Challenge); err != nil {
		return nil, err
	}
	return json.Marshal(made.Response)
}

// keepPasskeyOwner returns what passkeys know of the user, from now on at least a handle.
func (a *Auth) keepPasskeyOwner(db *gorm.DB, userID string) (models.PasskeyOwner, error) {
	handle := make([]byte, passkeyHandle)
	rand.Read(handle)
	owner, err := models.KeepPasskeyOwner(db, models.PasskeyOwner{ID: NewID(), UserID: userID, Handle: handle, CreatedAt: a.now()})
	if err != nil {
		return owner, fmt.Errorf("keep the owner of passkeys: %w", err)
	}
	return owner, nil
}

// AddPasskey adds the passkey that the user's browser has made, and returns a new token for the session, which has proven two factors
// with it. The owner is told by mail. The error is an Invalid, ErrReauthRequired or ErrChanged.
func (a *Auth) AddPasskey(ctx context.Context, actor *Actor, answer string) (token string, err error) {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return "", err
	}
	if answer == "" {
		return "", Invalid{"": "Your browser has to make the passkey, for which it needs JavaScript."}
	}
	made, err := a.makePasskey(ctx, actor, answer)
	if ok, err := a.passkeyIsRight(ctx, err); err != nil {
		return "", err
	} else if !ok {
		return "", Invalid{"": "That passkey could not be added. Try again."}
	}
	err = a.InSession(ctx, actor, func(t *Tx, _ *models.User) (err error) {
		if err := a.insertPasskey(t, made); err != nil {
			return err
		}
		if token, err = a.RenewSession(t, actor, 2); err != nil {
			return err
		}
		return a.FactorChanged(t, actor, EventPasskeyAdded, "A passkey was added: "+passkeyMaker(made.Maker)+".", Detail{"passkey": made.ID})
	})
	return token, err
}

func (a *Auth) insertPasskey(t *Tx, made *models.Passkey) error {
	list, err := models.PasskeysOf(t.DB, made.UserID)
	if err != nil {
		return fmt.Errorf("list the passkeys: %w", err)
	}
	if len(list) >= maxPasskeys {
		return Invalid{"": fmt.Sprintf("%d passkeys are the most. Remove one first.", maxPasskeys)}
	}
	made.Name, made.CreatedAt = nameAmong(list, passkeyMaker(made.Maker)), t.Now()
	err = t.Create(made).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return Invalid{"": "That passkey is in use already."}
	}
	if err != nil {
		return fmt.Errorf("add the passkey: %w", err)
	}
	return nil
}

// nameAmong is the maker's name, with a number where there is one of that name.
func nameAmong(list []models.Passkey, maker string) string {
	name := maker
	for n := 2; slices.ContainsFunc(list, func(p models.Passkey) bool { return p.Name == name }); n++ {
		name = fmt.Sprintf("%s %d", maker, n)
	}
	return name
}

// Passkeys lists the user's.
func (a *Auth) Passkeys(ctx context.Context, actor *Actor) ([]models.Passkey, error) {
	list, err := models.PasskeysOf(a.db.WithContext(ctx), actor.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list the passkeys: %w", err)
	}
	return list, nil
}

// AcceptedPasskeys is what PublicKeyCredential.signalAllAcceptedCredentials tells the user's devices, so that they forget a passkey that
// was removed here; "" where they were never told of one.
func (a *Auth) AcceptedPasskeys(ctx context.Context, actor *Actor) (signal string, err error) {
	k, err := keeperOf(a.db.WithContext(ctx), &actor.User)
	if err != nil || k.owner.Handle == nil || !a.PasskeysWork() {
		return "", err
	}
	text, err := json.Marshal(protocol.NewSignalAllAcceptedCredentials(a.config.AppURL.Hostname(), k))
	return string(text), err
}

// RenamePasskey names one of the user's passkeys. The error is an Invalid, or gorm.ErrRecordNotFound.
func (a *Auth) RenamePasskey(ctx context.Context, actor *Actor, id, name string) error {
	return a.RenameItem(ctx, actor, Item{&models.Passkey{}, id}, name, func(t *Tx) error {
		return a.Record(t, EventPasskeyRenamed, SubjectOf(actor), Detail{"passkey": id})
	})
}

// RemovePasskey removes one of the user's passkeys, and tells the owner by mail. The error is gorm.ErrRecordNotFound, ErrReauthRequired,
// ErrLastCredential or ErrChanged.
func (a *Auth) RemovePasskey(ctx context.Context, actor *Actor, id string) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		var gone models.Passkey
		if err := t.Where("id = ? AND user_id = ?", id, actor.User.ID).Take(&gone).Error; err != nil {
			return err
		}
		if err := t.Delete(&gone).Error; err != nil {
			return fmt.Errorf("remove the passkey: %w", err)
		}
		return a.FactorChanged(t, actor, EventPasskeyRemoved, "A passkey was removed: "+passkeyMaker(gone.Maker)+".", Detail{"passkey": id})
	})
}

const byPasskey = "passkey"

// ByPasskey is the proof of who has used a passkey, which is two factors: the device, and what unlocks it.
func ByPasskey(remember bool) Authentication {
	return Authentication{Method: byPasskey, Second: true, Remember: remember}
}

// OffersPasskey says whether somebody who has just proven this may be asked if they want a passkey: who logged in by password or by mail,
// has none, and has not asked to be left alone.
func (a *Auth) OffersPasskey(ctx context.Context, user *models.User, authn Authentication) (bool, error) {
	if !a.PasskeysWork() || slices.Contains([]string{MethodSignUp, MethodReset, byPasskey}, authn.First()) {
		return false, nil
	}
	k, err := keeperOf(a.db.WithContext(ctx), user)
	if err != nil || len(k.list) > 0 {
		return false, err
	}
	return !k.owner.NeverOffer && (k.owner.OfferAfter == nil || !k.owner.OfferAfter.After(a.now())), nil
}

// DeclinePasskey leaves the user alone for two weeks, or for ever.
func (a *Auth) DeclinePasskey(ctx context.Context, actor *Actor, never bool) error {
	return a.Transact(ctx, func(t *Tx) error {
		owner, err := a.keepPasskeyOwner(t.DB, actor.User.ID)
		if err != nil {
			return err
		}
		err = t.Model(&owner).Updates(map[string]any{"never_offer": never, "offer_after": t.Now().Add(offerAgain)}).Error
		if err != nil {
			return fmt.Errorf("decline the passkey: %w", err)
		}
		return nil
	})
}
