package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"example.com/gatehouse/seal"
)

func keys(t *testing.T, purpose string, secrets ...string) seal.Keys {
	t.Helper()
	k, err := seal.New(secrets, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpen_RejectsAnotherPlaceAndPurpose(t *testing.T) {
	mail, form := keys(t, "mail", "secret"), keys(t, "form", "secret")
	sealed := mail.Seal("row 1", []byte("hello"))
	if plain, err := mail.Open("row 1", sealed); err != nil || string(plain) != "hello" {
		t.Errorf("got %q (%v), want hello", plain, err)
	}
	for _, try := range []func() ([]byte, error){
		func() ([]byte, error) { return mail.Open("row 2", sealed) },
		func() ([]byte, error) { return form.Open("row 1", sealed) },
		func() ([]byte, error) { return mail.Open("row 1", sealed[:len(sealed)-1]) },
		func() ([]byte, error) { return mail.Open("row 1", nil) },
	} {
		if plain, err := try(); !errors.Is(err, seal.ErrClosed) {
			t.Errorf("got %q (%v), want ErrClosed", plain, err)
		}
	}
	if bytes.Equal(sealed, mail.Seal("row 1", []byte("hello"))) {
		t.Error("two sealed values are equal: the nonce was used twice")
	}
}

func TestOpen_AcceptsEarlierSecrets(t *testing.T) {
	sealed := keys(t, "mail", "old").Seal("row 1", []byte("hello"))
	if plain, err := keys(t, "mail", "new", "old").Open("row 1", sealed); err != nil || string(plain) != "hello" {
		t.Errorf("got %q (%v), want hello", plain, err)
	}
	if _, err := keys(t, "mail", "new").Open("row 1", sealed); !errors.Is(err, seal.ErrClosed) {
		t.Errorf("without the old secret: got %v, want ErrClosed", err)
	}
}

func TestNew_NeedsASecret(t *testing.T) {
	if _, err := seal.New(nil, "mail"); err == nil {
		t.Error("New without a secret: got no error")
	}
}
