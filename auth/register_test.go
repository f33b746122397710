package auth

import (
	"errors"
	"strings"
	"testing"

	"example.com/gatehouse/models/modelstest"
)

// ASVS 2.4.1: what is refused is counted too, or it could be sent without end.
func TestRegister_CountsInvalidFormsBeforeCheckingThem(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	forms, allowed := 0, limitRegistrationForm.With(a.config).Max
	for ; forms <= 2*allowed; forms++ {
		_, err := a.Register(t.Context(), "", "not an address", strings.Repeat("a", 256), here)
		if limited, ok := errors.AsType[Limited](err); ok && limited.Rule == limitRegistrationForm.Name {
			break
		} else if _, ok := errors.AsType[Invalid](err); !ok {
			t.Fatalf("form %d: got %v, want an Invalid or a Limited", forms+1, err)
		}
	}
	if forms != allowed {
		t.Errorf("got %d forms checked, want %d", forms, allowed)
	}
	if n := rows(t, a, "limits", "id LIKE 'registration-ip:%'"); n != 0 {
		t.Errorf("got %d counts of sign-ups, want none for invalid forms", n)
	}
}
