package auth

import (
	"fmt"

	"example.com/gatehouse/auth/limit"
)

// forgetCounts starts anew whatever is counted under an address alone, which its next owner must not inherit. A law looks for counts that
// are missing here.
func (a *Auth) forgetCounts(t *tx, email string) error {
	counters := []limit.Counter{
		limitLoginAccount.By(email),
		limitRegistrationMail.By(email),
		limitForgotMail.By(email),
		limitMailLoginMail.By(email),  // feature:mail_login
		limitMailLoginKnown.By(email), // feature:mail_login
	}
	keys, err := a.mailLoginKeys() // feature:mail_login
	if err != nil {                // feature:mail_login
		return err // feature:mail_login
	} // feature:mail_login
	for _, hash := range keys.All("recipient", email) { // feature:mail_login
		counters = append(counters, LimitMailLoginCode.By(string(hash))) // feature:mail_login
	} // feature:mail_login
	for _, counter := range counters {
		if err := counter.Forget(t.DB); err != nil {
			return fmt.Errorf("forget the counts: %w", err)
		}
	}
	return nil
}
