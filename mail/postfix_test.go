package mail

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// postfix starts the real Postfix with settings of its own on a loopback port,
// beside one that the system may have, and returns its SMTP_URL. It discards
// what it accepts.
func postfix(t *testing.T, settings ...string) *url.URL {
	t.Helper()
	const program = "/usr/sbin/postfix"
	if _, err := os.Stat(program); err != nil || os.Getuid() != 0 {
		const lacks = "install postfix, and run the tests as root, to test against it"
		if os.Getenv("CI") == "true" && err != nil {
			t.Fatal(lacks)
		}
		t.Skip(lacks)
	}
	dir, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(t)
	config, data := filepath.Join(dir, "etc"), filepath.Join(dir, "data")
	for _, folder := range []string{config, data, filepath.Join(dir, "spool")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	must(t, os.Chmod(dir, 0o755))
	must(t, exec.Command("chown", "postfix", data).Run())
	must(t, os.WriteFile(filepath.Join(config, "main.cf"), []byte(fmt.Sprintf(postfixMain, dir)+strings.Join(settings, "\n")+"\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(config, "master.cf"), []byte(fmt.Sprintf(postfixMaster, port)), 0o644))
	must(t, exec.Command(program, "-c", config, "start").Run())
	t.Cleanup(func() { _ = exec.Command(program, "-c", config, "abort").Run() })
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return &url.URL{Scheme: "smtp", Host: address}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("postfix does not answer")
	return nil
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const postfixMain = `compatibility_level = 3.6
queue_directory = %[1]s/spool
data_directory = %[1]s/data
daemon_directory = /usr/lib/postfix/sbin
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.com
mydestination = example.com
mynetworks =
local_recipient_maps =
local_transport = discard:
default_transport = discard:
smtpd_helo_required = yes
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
`

const postfixMaster = `127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// RFC 5321 4.1.1.1: EHLO names the client by its full domain name. A container's
// own name has no dots, which many servers refuse.
func TestPostfix_AcceptsTheNameInEHLO(t *testing.T) {
	address := postfix(t, "smtpd_helo_restrictions = reject_non_fqdn_helo_hostname, reject_invalid_helo_hostname")
	for hello, want := range map[string]bool{"app.example.com": true, "[192.0.2.1]": true, "[IPv6:2001:db8::1]": true, "box": false} {
		s, err := NewSMTP(address, hello, nil, false)
		must(t, err)
		if err := deliver(t, s); (err == nil) != want || err != nil && faultOf(err) != faultOperator {
			t.Errorf("EHLO %s: %v, want accepted: %v", hello, err, want)
		}
	}
}

func TestPostfix_RefusesWhatTheOperatorCanFix(t *testing.T) {
	address := postfix(t, "smtpd_relay_restrictions = reject_unauth_destination",
		"smtpd_sender_restrictions = reject_unlisted_sender", "smtpd_recipient_restrictions = check_recipient_access inline:{{gone@example.com = 550 5.1.1 no such user}}")
	s, err := NewSMTP(address, "app.example.com", nil, false)
	must(t, err)
	for to, want := range map[string]fault{"ada@elsewhere.example": faultOperator, "gone@example.com": faultRecipient} {
		m := reset(to)
		err := s.send(t.Context(), sender, payload{MessageID: "1@example.com", Date: time.Unix(0, 0), To: to, Subject: m.Subject, HTML: m.HTML, Text: m.Text})
		if err == nil || faultOf(err) != want {
			t.Errorf("mail to %s: the fault is %d, want %d (%v)", to, faultOf(err), want, err)
		}
	}
}
