package handlers_test

import (
	"time"

	"example.com/gatehouse/models"
)

// proven is the person just after they have proven once more who they are.
func (p *person) proven() *person {
	p.s.t.Helper()
	changes := map[string]any{"authenticated_at": p.s.clock.now().UTC().Truncate(time.Microsecond), "aal": 2}
	if err := p.s.db.Model(&models.Session{}).Where("user_id = ?", p.user().ID).Updates(changes).Error; err != nil {
		p.s.t.Fatal(err)
	}
	return p
}
