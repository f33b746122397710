package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// Items 16 and 28: asking for another address runs the same statements, whether or not the address has an account or is kept.
func TestItem16AnotherAddressCostsTheSameWorkKnownOrNot(t *testing.T) {
	heard := &statements{}
	a, _ := opened(t, modelstest.Open(t).Session(&gorm.Session{Logger: heard}))
	ada, bob := added(t, a, "ada@example.com"), added(t, a, "bob@example.com")
	now := a.now()
	must(t, a.db.Create(&models.FormerEmail{ID: NewID(), UserID: bob.ID, Email: "kept@example.com", TokenHash: []byte("x"), CreatedAt: now, ExpiresAt: now.Add(models.UndoLifetime)}).Error)
	closing := added(t, a, "closing@example.com")
	must(t, a.db.Exec("UPDATE users SET disabled_at = ? WHERE id = ?", now, closing.ID).Error)
	must(t, a.db.Create(&models.AccountDeletion{ID: NewID(), UserID: closing.ID, TokenHash: []byte("x"), CreatedAt: now, ExpiresAt: now.Add(models.UndoLifetime)}).Error)
	actor := &Actor{User: *ada, Session: models.Session{ID: NewID(), UserID: ada.ID, TokenHash: []byte("x"), AAL: 1, AuthenticatedAt: now, ExpiresAt: now.Add(time.Hour)}}
	must(t, a.db.Create(&actor.Session).Error)
	ask := func(email string) []string {
		return heard.since(func() { must(t, a.RequestEmailChange(t.Context(), actor, email)) })
	}
	unknown := ask("unknown@example.com")
	taken := []string{"bob@example.com", "kept@example.com"}
	taken = append(taken, closing.Email)
	for _, email := range taken {
		if known := ask(email); !slices.Equal(known, unknown) || len(known) == 0 {
			t.Errorf("for %s\n%s\n\nand for an unknown one\n%s", email, strings.Join(known, "\n"), strings.Join(unknown, "\n"))
		}
	}
}

// Item 28: nor is the former address given away by adding people, as seed does.
func TestItem28NobodyIsAddedUnderAnAddressThatIsKept(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	ada := added(t, a, "ada@example.org")
	must(t, a.db.Create(&models.FormerEmail{ID: NewID(), UserID: ada.ID, Email: "ada@example.com", TokenHash: []byte("x"), CreatedAt: a.now(), ExpiresAt: a.now().Add(models.UndoLifetime)}).Error)
	for _, want := range []bool{false, true} {
		if got, err := a.AddUser(t.Context(), "Ada", "ada@example.com", "seven purple lanterns hum"); err != nil || got != want {
			t.Errorf("%s later somebody was added: %v (%v)", *ahead, got, err)
		}
		*ahead += models.UndoLifetime
	}
}

// A change that was approved while the address was taken by somebody else is not brought about.
func TestItem67AnAddressThatIsTakenMeanwhileStaysTheirs(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	ada := added(t, a, "ada@example.com")
	change := models.EmailChange{UserID: ada.ID, Email: "bob@example.com"}
	var approve string
	must(t, a.Transact(t.Context(), func(tx *Tx) (err error) {
		approve, err = a.beginEmailChange(tx, &change)
		return err
	}))
	must(t, a.db.Exec("UPDATE email_changes SET new_proven_at = created_at").Error)
	added(t, a, "bob@example.com")
	if _, _, err := a.ProveEmailChange(t.Context(), approve, here); !errors.Is(err, ErrInvalidLink) {
		t.Errorf("%v", err)
	}
	if rows(t, a, "users", "email = 'ada@example.com'") != 1 || rows(t, a, "email_changes", "true") != 0 {
		t.Error("the address is another, or the change still waits")
	}
}

// Items 28 and 67: a sign-up for the address that is being left is confirmed neither before the change nor after it, nor in its midst.
func TestItem67NobodySlipsIntoAnAddressThatIsBeingLeft(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	for round := range 10 {
		address := fmt.Sprintf("ada%d@example.com", round)
		ada := added(t, a, address)
		change := models.EmailChange{UserID: ada.ID, Email: "new-" + address}
		var approve string
		must(t, a.Transact(t.Context(), func(tx *Tx) (err error) {
			approve, err = a.beginEmailChange(tx, &change)
			return err
		}))
		must(t, a.db.Exec("UPDATE email_changes SET new_proven_at = created_at").Error)
		token, browser := signedUp(t, a, address)
		var both sync.WaitGroup
		var slipped, failed error
		both.Go(func() { _, slipped = a.ConfirmRegistration(t.Context(), token, browser, "", here) })
		both.Go(func() { _, _, failed = a.ProveEmailChange(t.Context(), approve, here) })
		both.Wait()
		if !errors.Is(slipped, ErrInvalidLink) || failed != nil || rows(t, a, "users", "email = ?", address) != 0 {
			t.Fatalf("the sign-up: %v; the change: %v", slipped, failed)
		}
	}
}

// Item 28: no mail to the address of a thief opens the account after the owner
// has taken it back, not even one that waited for more alerts, behind more mail
// than one transaction deletes.
func TestUndoEmailChange_VoidsAlertsThatWaitToBeMailed(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	user := added(t, a, "thief@example.org")
	token, hash := NewToken()
	must(t, a.db.Create(&models.FormerEmail{ID: NewID(), UserID: user.ID, Email: "ada@example.com", TokenHash: hash, CreatedAt: a.now(), ExpiresAt: a.now().Add(models.UndoLifetime)}).Error)
	must(t, a.Transact(t.Context(), func(tx *Tx) error {
		for range limitAlert.Max + 1 {
			if err := a.alertNewDevice(tx, user, ByPassword(false), here); err != nil {
				return err
			}
		}
		return nil
	}))
	*ahead += time.Second
	must(t, a.Transact(t.Context(), func(tx *Tx) error {
		for range models.BatchRows(a.db) {
			if err := a.Enqueue(tx, a.messages.AddressTaken(user.Email)); err != nil {
				return err
			}
		}
		return nil
	}))
	if waiting := rows(t, a, "outbox", "kind = 'more_alerts'"); waiting != 1 {
		t.Fatalf("got %d mails that wait for more alerts, want 1", waiting)
	}
	_, _, err := a.UndoEmailChange(t.Context(), token, here)
	must(t, err)
	if living := rows(t, a, "security_alerts", "true"); living != 0 {
		t.Errorf("got %d links that still lock the owner out, want none; %d mails with one wait", living, rows(t, a, "outbox", "kind = 'more_alerts'"))
	}
}
