package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"example.com/gatehouse/session"
)

const (
	appName = "Bench"
	host    = "bench.test"
	origin  = "https://" + host
	secret  = "5f0c1e7ab2d94836a1b7c3d2e4f60918" // of databases that exist during the run only
)

// environment returns the environment of a server in production.
func (b *bench) environment(address, databaseURL string) []string {
	_, port, _ := net.SplitHostPort(address)
	return append(runtimeSettings(),
		"APP_ENV=production", "APP_NAME="+appName, "APP_URL="+origin, "HOST=127.0.0.1", "PORT="+port,
		"DATABASE_URL="+databaseURL,
		"SECRET_KEY="+secret, "SMTP_URL=smtp://"+b.smtp, "MAIL_FROM=Bench <hello@"+host+">",
		"TRUSTED_PROXIES=127.0.0.1")
}

// runtimeSettings returns the settings of the Go runtime, so that their effect
// can be measured.
func runtimeSettings() []string {
	var kept []string
	for _, name := range []string{"PATH", "HOME", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG"} {
		if value, ok := os.LookupEnv(name); ok {
			kept = append(kept, name+"="+value)
		}
	}
	return kept
}

// headers returns the headers that a browser and the proxy send with every
// request.
func headers(from string) string {
	return "Host: " + host + "\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n" +
		"X-Forwarded-For: " + from + "\r\nX-Forwarded-Proto: https\r\n"
}

// from returns the address of browser i.
func from(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16&0xff, i>>8&0xff, i&0xff) }

func loginPage() []byte { return []byte("GET /login HTTP/1.1\r\n" + headers(from(1)) + "\r\n") }

func referencePage(i int) []byte {
	return []byte("GET /dashboard HTTP/1.1\r\n" + headers(from(i)) + "Cookie: token=" + token(i) + "\r\n\r\n")
}

func referencePages(people []int) [][]byte {
	pages := make([][]byte, len(people))
	for at, i := range people {
		pages[at] = referencePage(i)
	}
	return pages
}

// dashboards returns requests for the dashboard by these users.
func dashboards(people []int) ([][]byte, error) {
	cookies := session.New([]string{secret}, "__Host-")
	pages := make([][]byte, len(people))
	for at, i := range people {
		answer := cookieJar{}
		if err := cookies.Set(answer, &http.Request{}, session.Session, token(i)); err != nil {
			return nil, err
		}
		cookie, _, _ := strings.Cut(answer.Header().Get("Set-Cookie"), ";")
		pages[at] = []byte("GET /dashboard HTTP/1.1\r\n" + headers(from(i)) + "Cookie: " + cookie + "\r\n\r\n")
	}
	return pages, nil
}

// allUsers returns the numbers of all users from first up to end, which is
// excluded.
func allUsers(first, end int) []int {
	people := make([]int, 0, end-first)
	for i := first; i < end; i++ {
		people = append(people, i)
	}
	return people
}

// some returns n users, picked at random.
func some(n int, people []int) []int {
	random := rand.New(rand.NewPCG(1, 2))
	picked := make([]int, min(n, len(people)))
	for i, at := range random.Perm(len(people))[:len(picked)] {
		picked[i] = people[at]
	}
	return picked
}

// cookieJar is a response of which only the cookies are used.
type cookieJar http.Header

func (j cookieJar) Header() http.Header         { return http.Header(j) }
func (j cookieJar) Write(p []byte) (int, error) { return len(p), nil }
func (j cookieJar) WriteHeader(int)             {}

// login sends the n-th login: by the next user and from a new address, so that
// no limit applies.
func login(n uint64, people int) []byte {
	form := url.Values{"email": {email(int(n % uint64(people)))}, "password": {password}}.Encode()
	return fmt.Appendf(nil, "POST /login HTTP/1.1\r\n%sOrigin: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		headers(from(int(n))), origin, len(form), form)
}

// listenSMTP accepts and discards mail until the bench ends.
func listenSMTP() (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sink{}, nil }))
	server.Domain, server.ReadTimeout, server.WriteTimeout = "localhost", time.Minute, time.Minute
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, net.ErrClosed) {
			fmt.Fprintln(os.Stderr, "bench: the mail server:", err)
		}
	}()
	return listener.Addr().String(), nil
}

type sink struct{}

func (sink) Mail(string, *smtp.MailOptions) error { return nil }
func (sink) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (sink) Reset()                               {}
func (sink) Logout() error                        { return nil }
func (sink) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
