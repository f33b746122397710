package session

import "testing"

// gob, which is gorilla's default, takes some 200.
func TestReadingTheSessionCookieTakesFiftyAllocationsAtMost(t *testing.T) {
	s := New([]string{key}, hostPrefix)
	r := given(t, s, Session, "DpC7Hv0mW1nqYj3rTt6kZbXcV9sLaEoU2fGiN8hJ4w5")
	allocations := testing.AllocsPerRun(100, func() {
		if s.Get(r, Session) == "" {
			t.Fatal("the cookie was not read")
		}
	})
	if allocations > 50 {
		t.Errorf("reading the session cookie takes %.0f allocations", allocations)
	}
}

func BenchmarkReadingTheSessionCookie(b *testing.B) {
	s := New([]string{key}, hostPrefix)
	r := given(b, s, Session, "DpC7Hv0mW1nqYj3rTt6kZbXcV9sLaEoU2fGiN8hJ4w5")
	b.ReportAllocs()
	for b.Loop() {
		s.Get(r, Session)
	}
}
