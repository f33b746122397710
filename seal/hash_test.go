package seal_test

import (
	"bytes"
	"testing"

	"example.com/gatehouse/seal"
)

func hashKeys(t *testing.T, purpose string, secrets ...string) seal.HashKeys {
	t.Helper()
	keys, err := seal.NewHashKeys(secrets, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestHashKeys_DifferBySecretPurposeAndPlace(t *testing.T) {
	sum := hashKeys(t, "mail", "secret").Sum("to", "ada@example.com")
	for name, other := range map[string][]byte{
		"secret":  hashKeys(t, "mail", "other").Sum("to", "ada@example.com"),
		"purpose": hashKeys(t, "form", "secret").Sum("to", "ada@example.com"),
		"place":   hashKeys(t, "mail", "secret").Sum("t", "oada@example.com"),
	} {
		if bytes.Equal(sum, other) {
			t.Errorf("another %s gives the same hash", name)
		}
	}
}

func TestHashKeys_RecognizeEarlierSecrets(t *testing.T) {
	old := hashKeys(t, "mail", "old").Sum("to", "ada@example.com")
	rotated := hashKeys(t, "mail", "new", "old")
	if !rotated.Match(old, "to", "ada@example.com") || rotated.Match(old, "to", "eve@example.com") {
		t.Error("Match: want true for a hash of the earlier secret and false for another text")
	}
	if all := rotated.All("to", "ada@example.com"); len(all) != 2 || !bytes.Equal(all[1], old) ||
		bytes.Equal(all[0], old) {
		t.Errorf("got %x, want a new hash and then %x", all, old)
	}
}

func TestHashKeys_NeedASecret(t *testing.T) {
	if _, err := seal.NewHashKeys(nil, "mail"); err == nil {
		t.Error("NewHashKeys without a secret: got no error")
	}
}
