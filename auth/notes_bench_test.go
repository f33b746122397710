package auth

import "example.com/gatehouse/models"

func fillNotes(a *Auth, user *models.User, many int) error {
	return models.Unscoped(a.db).Exec(numbers+`INSERT INTO notes (id, user_id, created_at, updated_at, title, body, pinned)
		SELECT 'bench-' || i, u.id, u.created_at, u.created_at, 'A note', 'What is in it, in a sentence or two that say something.', false FROM n, users u`, many).Error
}
