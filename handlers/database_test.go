package handlers

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

func TestAStatementEndsWithItsRequest(t *testing.T) {
	h := &Handlers{db: modelstest.Open(t)}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c := echo.New().NewContext(httptest.NewRequest("GET", "/", nil).WithContext(gone), nil)
	if err := h.database(c).Take(&models.User{}).Error; !errors.Is(err, context.Canceled) {
		t.Errorf("it gives: %v", err)
	}
}
