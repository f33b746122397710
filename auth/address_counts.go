package auth

import (
	"fmt"

	"example.com/gatehouse/models"
)

// forgetCounts starts anew whatever is counted under an address alone, which its next owner must not inherit. A law looks for counts that
// are missing here.
func (a *Auth) forgetCounts(t *tx, email string) error {
	hits := []hit{
		hitBy(limitLoginAccount, email),
		hitBy(registrationMail(a.config), email),
		hitBy(forgotMail(a.config), email),
		hitBy(limitMailLoginMail, email),  // feature:mail_login
		hitBy(limitMailLoginKnown, email), // feature:mail_login
	}
	keys, err := a.mailLoginKeys() // feature:mail_login
	if err != nil {                // feature:mail_login
		return err // feature:mail_login
	} // feature:mail_login
	for _, hash := range keys.All("recipient", email) { // feature:mail_login
		hits = append(hits, hitBy(limitMailLoginCode, string(hash))) // feature:mail_login
	} // feature:mail_login
	for _, h := range hits {
		if err := models.ForgetHits(t.DB, h.rule, h.key); err != nil {
			return fmt.Errorf("forget the counts: %w", err)
		}
	}
	return nil
}
