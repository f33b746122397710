package apptest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Service stands for a server of another company. It is a real server of the
// test, so that the real client is tested.
type Service struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []*http.Request
}

// NewService starts a Service that answers as the handler says, until the test
// ends. Give its URL to the code that calls it.
func NewService(t *testing.T, handler http.HandlerFunc) *Service {
	t.Helper()
	s := &Service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Errorf("the service can't read the form of %s: %v", r.URL, err)
		}
		s.mutex.Lock()
		s.requests = append(s.requests, r)
		s.mutex.Unlock()
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// Requests returns the requests so far, with their forms parsed.
func (s *Service) Requests() []*http.Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.requests)
}
