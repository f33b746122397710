package auth

import (
	"context"
	"fmt"

	"example.com/gatehouse/models"
)

// SignUps counts the users who have signed up and still have an account.
type SignUps = models.SignUps

// SignUps returns how many users have signed up. The error is ErrForbidden if
// the actor may not read reports: the route's guard decides who opens a page,
// and this who sees the figures, wherever they are shown.
func (a *Auth) SignUps(ctx context.Context, actor *Actor) (SignUps, error) {
	if !actor.May(ReadReports) {
		return SignUps{}, ErrForbidden
	}
	counts, err := models.CountSignUps(a.db.WithContext(ctx), a.now())
	if err != nil {
		return SignUps{}, fmt.Errorf("count the sign-ups: %w", err)
	}
	return counts, nil
}
