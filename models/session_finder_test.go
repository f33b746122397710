package models_test

import (
	"reflect"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// withoutZeros returns row with each zero field set to a value that is not zero.
func withoutZeros[T any](t testing.TB, row T, now time.Time) *T {
	t.Helper()
	v := reflect.ValueOf(&row).Elem()
	for i := range v.NumField() {
		field, to := v.Field(i), v.Field(i)
		if !field.IsZero() {
			continue
		}
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			to = field.Elem()
		}
		switch to.Interface().(type) {
		case string:
			to.SetString("x")
		case bool:
			to.SetBool(true)
		case int, int64:
			to.SetInt(2)
		case []byte:
			to.SetBytes([]byte("x"))
		case time.Time:
			to.Set(reflect.ValueOf(now))
		default:
			t.Fatalf("%T has a field %s of the type %s; add that type to withoutZeros", row, v.Type().Field(i).Name, to.Type())
		}
	}
	return &row
}

func TestSessionFinder_ReadsEveryColumn(t *testing.T) {
	db := modelstest.Open(t)
	now := time.Now().UTC().Truncate(time.Second)
	user := withoutZeros(t, models.User{}, now)
	user.DisabledAt = nil // a disabled user has no session
	must(t, db.Create(user).Error)
	must(t, db.Create(withoutZeros(t, models.Session{UserID: user.ID, ExpiresAt: now.Add(time.Hour)}, now)).Error)
	must(t, db.Create(withoutZeros(t, models.Preferences{UserID: user.ID, Theme: "dark"}, now)).Error)
	finder, err := models.NewSessionFinder(db)
	must(t, err)
	defer finder.Close()
	actor, found, err := finder.Find(t.Context(), []byte("x"), now, now.Add(-time.Hour))
	if must(t, err); !found {
		t.Fatal("got no session, want the one that was created")
	}
	unread := map[string]bool{
		"User.DisabledAt": true, "Preferences.ID": true, "Preferences.UserID": true, "Preferences.UpdatedAt": true,
	}
	parts := map[string]any{"User": actor.User, "Session": actor.Session, "Preferences": actor.Preferences}
	for name, part := range parts {
		v := reflect.ValueOf(part)
		for i := range v.NumField() {
			field := name + "." + v.Type().Field(i).Name
			if v.Field(i).IsZero() && !unread[field] {
				t.Errorf("Actor.%s is zero in every request; read it in SessionFinder, in models/session_finder.go (a column of a "+
					"joined table is a line of joinedColumns)", field)
			}
		}
	}
}

func BenchmarkSessionFinder(b *testing.B) {
	db := modelstest.Open(b)
	now := time.Now().UTC()
	user := withoutZeros(b, models.User{}, now)
	user.DisabledAt = nil
	must(b, db.Create(user).Error)
	must(b, db.Create(withoutZeros(b, models.Session{UserID: user.ID, ExpiresAt: now.Add(time.Hour)}, now)).Error)
	finder, err := models.NewSessionFinder(db)
	must(b, err)
	defer finder.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, found, err := finder.Find(b.Context(), []byte("x"), now, now.Add(-time.Hour)); err != nil || !found {
			b.Fatal(found, err)
		}
	}
}
