package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// peakMemory returns the largest resident memory of the server so far, in MB.
func (s *server) peakMemory() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skip("this test needs Linux, which says how much memory a process has used:", err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		s.t.Fatalf("no VmHWM in\n%s", status)
	}
	kilobytes, _ := strconv.Atoi(string(found[1]))
	return kilobytes / 1024
}

// largestBody returns the path of a route that takes more bytes than size, or else
// of any form.
func largestBody(t *testing.T, size int) string {
	t.Helper()
	list, _ := run(t, t.TempDir(), nil, "routes", "--json")
	var routes []struct {
		Path    string
		MaxBody int `json:"max_body"`
	}
	if err := json.Unmarshal([]byte(list), &routes); err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		if route.MaxBody > size {
			return route.Path
		}
	}
	return "/account"
}

// ASVS 5.0 V15.2.2: 40 visitors who each hold back the end of 8.9 MB must not fill
// the memory. Without a limit for visitors they took 900 MB.
func TestVisitors_CannotFillTheMemoryWithBodies(t *testing.T) {
	const visitors, size = 40, 8_900_000
	s := start(t, t.TempDir())
	path := largestBody(t, size)
	var all sync.WaitGroup
	for range visitors {
		all.Go(func() {
			body, rest := io.Pipe()
			giveUp := func() { rest.CloseWithError(io.ErrUnexpectedEOF) } // or no failure would end
			defer time.AfterFunc(10*time.Second, giveUp).Stop()
			defer rest.Close()
			go rest.Write([]byte("text=" + strings.Repeat("x", size-6)))
			r, _ := http.NewRequest(http.MethodPost, s.url+path, body)
			r.ContentLength = size
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", s.url)
			answer, err := s.client.Do(r)
			if err != nil {
				return // the server may close the connection before the client has read the response
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("got %d, want 413", answer.StatusCode)
			}
		})
	}
	all.Wait()
	if status, _ := s.get("/healthz"); status != http.StatusOK {
		t.Errorf("got %d from /healthz afterwards, want 200", status)
	}
	if got := s.peakMemory(); got >= 150 {
		t.Errorf("the server took %d MB, want less than 150", got)
	}
}
