package handlers_test

import (
	"database/sql"
	"reflect"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
)

// poolOf returns one of a database's pools of connections, which the application has no need to tell.
func poolOf(db *gorm.DB, name string) *sql.DB {
	return (*sql.DB)(reflect.ValueOf(db.ConnPool).Elem().FieldByName(name).UnsafePointer())
}

// Pages that take every connection must not log anyone out, nor take the server out of service.
func TestSessionsAndReadiness_HaveConnectionsOfTheirOwn(t *testing.T) {
	app := apptest.New(t)
	ada, visitor := app.LoggedIn("ada@example.com"), app.Browser()
	pages := poolOf(app.DB, "reader")
	for range pages.Stats().MaxOpenConnections {
		conn, err := pages.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	app.Clock.Advance(2 * time.Second)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		ada.Get("/dashboard").WantStatus(t, 200)
		visitor.Get("/readyz").WantStatus(t, 200)
	}()
	select {
	case <-answered:
	case <-time.After(20 * time.Second):
		t.Error("got no answer in 20 seconds, want one although every other connection is in use")
	}
}
