package auth

import (
	"fmt"
)

// forgetCounts starts anew whatever is counted under an address alone, which its next owner must not inherit. A law looks for counts that
// are missing here.
func (a *Auth) forgetCounts(t *Tx, email string) error {
	counters, err := a.addressReleased(email)
	if err != nil {
		return err
	}
	counters = append(counters, limitLoginAccount.By(email), limitRegistrationMail.By(email), limitForgotMail.By(email))
	for _, counter := range counters {
		if err := counter.Forget(t.DB); err != nil {
			return fmt.Errorf("forget the counts: %w", err)
		}
	}
	return nil
}
