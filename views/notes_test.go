package views_test

import "example.com/gatehouse/models"

func note() models.Note {
	return models.Note{Owned: models.Owned{ID: "1", UserID: "1", CreatedAt: now, UpdatedAt: now}, Title: markup, Body: markup, Pinned: true}
}
