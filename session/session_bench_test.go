package session

import "testing"

// With gob, gorilla's default encoding, reading a cookie takes 200 allocations.
func TestCookie_IsReadWithinFiftyAllocations(t *testing.T) {
	s := New([]string{key}, hostPrefix)
	r := withCookie(t, s, Session, "DpC7Hv0mW1nqYj3rTt6kZbXcV9sLaEoU2fGiN8hJ4w5")
	allocations := testing.AllocsPerRun(100, func() {
		if s.Get(r, Session) == "" {
			t.Fatal("the cookie was not read")
		}
	})
	if allocations > 50 {
		t.Errorf("got %.0f allocations, want at most 50", allocations)
	}
}

func BenchmarkCookie_Get(b *testing.B) {
	s := New([]string{key}, hostPrefix)
	r := withCookie(b, s, Session, "DpC7Hv0mW1nqYj3rTt6kZbXcV9sLaEoU2fGiN8hJ4w5")
	b.ReportAllocs()
	for b.Loop() {
		s.Get(r, Session)
	}
}
