package mailtest

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Dialect is an SMTP server on 127.0.0.1 whose answer to EHLO a test writes
// line by line, for forms that no library sends any more. It knows Username and
// Password by PLAIN, LOGIN and CRAM-MD5, and accepts every mail.
type Dialect struct {
	address    string
	extensions []string

	mutex     sync.Mutex
	answers   map[string]string // by command
	logins    []string          // mechanisms that were used with the right password
	mails     int               // accepted
	strangers int               // mails accepted from a client that has not logged in
}

// NewDialect starts a server that stops with the test and answers EHLO with
// these extensions.
func NewDialect(t testing.TB, extensions ...string) *Dialect {
	t.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting the mail server: %v", err)
	}
	t.Cleanup(func() { port.Close() })
	d := &Dialect{address: port.Addr().String(), extensions: extensions, answers: map[string]string{}}
	go func() {
		for {
			conn, err := port.Accept()
			if err != nil {
				return
			}
			go d.talk(conn)
		}
	}()
	return d
}

// URL is the server's SMTP_URL, with Username and Password.
func (d *Dialect) URL() *url.URL {
	return &url.URL{Scheme: "smtp", Host: d.address, User: url.UserPassword(Username, Password)}
}

// Answer has the server answer a command (EHLO, MAIL, RCPT, or DATA, once the
// mail is there) in these words; "" for as usual.
func (d *Dialect) Answer(command, words string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.answers[command] = words
}

func (d *Dialect) answer(command string) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.answers[command]
}

// Logins returns the mechanisms that clients have logged in by.
func (d *Dialect) Logins() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return append([]string{}, d.logins...)
}

// Mails returns how many mails were accepted, and how many of them came from a
// client that had not logged in.
func (d *Dialect) Mails() (all, withoutLogin int) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.mails, d.strangers
}

func (d *Dialect) talk(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	ask := func(challenge string) string {
		say("334 " + base64.StdEncoding.EncodeToString([]byte(challenge)))
		lines.Scan()
		return decoded(lines.Text())
	}
	known := false
	say("220 dialect")
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		refusal := d.answer(verb)
		if refusal != "" && verb != "DATA" {
			say(refusal)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-dialect")
			for _, extension := range d.extensions {
				say("250-" + extension)
			}
			say("250 HELP")
		case "AUTH":
			mechanism, initial, _ := strings.Cut(rest, " ")
			if known = d.knows(mechanism, decoded(initial), ask); known {
				say("235 2.7.0 welcome")
			} else {
				say("535 5.7.8 not known")
			}
		case "DATA":
			say("354 go ahead")
			for lines.Scan() && lines.Text() != "." {
			}
			if refusal != "" {
				say(refusal)
				continue
			}
			d.accept(known)
			say("250 2.0.0 accepted")
		case "QUIT":
			say("221 goodbye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

func (d *Dialect) knows(mechanism, initial string, ask func(string) string) (known bool) {
	switch mechanism {
	case "PLAIN":
		known = initial == "\x00"+Username+"\x00"+Password
	case "LOGIN":
		name := ask("Username:")
		known = ask("Password:") == Password && name == Username
	case "CRAM-MD5":
		const challenge = "<1.2@dialect>"
		sum := hmac.New(md5.New, []byte(Password))
		sum.Write([]byte(challenge))
		known = ask(challenge) == Username+" "+hex.EncodeToString(sum.Sum(nil))
	}
	if known {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		d.logins = append(d.logins, mechanism)
	}
	return known
}

func (d *Dialect) accept(known bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.mails++
	if !known {
		d.strangers++
	}
}

func decoded(text string) string {
	plain, _ := base64.StdEncoding.DecodeString(text)
	return string(plain)
}
