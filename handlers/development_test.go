package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	core "example.com/gatehouse/app"
	"example.com/gatehouse/apptest"
)

// developmentRequest is a request for a page of development, as it arrives.
type developmentRequest struct {
	peer, host, protocol string
	header               http.Header
	want                 int
}

func (r developmentRequest) status(app *apptest.App, path string) int {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.RemoteAddr, request.Host = r.peer, r.host
	if r.protocol == "HTTP/1.0" {
		request.Proto, request.ProtoMinor = r.protocol, 0
	}
	for name, values := range r.header {
		request.Header[name] = values
	}
	answer := httptest.NewRecorder()
	app.Server.Config.Handler.ServeHTTP(answer, request)
	return answer.Code
}

// ASVS 13.4.2: what development shows, mailed links above all, is not for
// strangers, even if the program runs as development by mistake. A proxy or a
// tunnel on the same machine is a private peer, so its headers count as well.
func TestDevelopment_AnswersPrivateNetworksOnly(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.TrustedProxies = nil })
	forwarded := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, r := range map[string]developmentRequest{
		"this machine":            {peer: "127.0.0.1:5000", host: "localhost:3000", want: 200},
		"this machine over IPv6":  {peer: "[::1]:5000", host: "localhost:3000", want: 200},
		"a phone on the network":  {peer: "192.168.1.9:5000", host: "192.168.1.7:3000", want: 200},
		"a link-local neighbor":   {peer: "[fe80::1%eth0]:5000", host: "laptop.local:3000", want: 200},
		"the proxy of dev.sh":     {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("X-Forwarded-For", "127.0.0.1"), want: 200},
		"a phone through it":      {peer: "127.0.0.1:5000", host: "192.168.1.7:3000", header: forwarded("X-Forwarded-For", "192.168.1.9"), want: 200},
		"a stranger":              {peer: "203.0.113.9:5000", host: "localhost:3000", want: 404},
		"a stranger over IPv6":    {peer: "[2001:db8::9]:5000", host: "localhost:3000", want: 404},
		"a carrier's customer":    {peer: "100.64.0.9:5000", host: "localhost:3000", want: 404},
		"through a proxy":         {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("X-Forwarded-For", "203.0.113.9"), want: 404},
		"with a forged hop":       {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("X-Forwarded-For", "127.0.0.1, 203.0.113.9"), want: 404},
		"with a forged header":    {peer: "127.0.0.1:5000", host: "localhost:3000", header: http.Header{"X-Forwarded-For": {"127.0.0.1", "203.0.113.9"}}, want: 404},
		"with an unreadable hop":  {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("X-Forwarded-For", "unknown"), want: 404},
		"with X-Real-IP":          {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("X-Real-Ip", "203.0.113.9"), want: 404},
		"with Forwarded":          {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("Forwarded", "for=203.0.113.9"), want: 404},
		"with Via":                {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("Via", "1.1 vegur"), want: 404},
		"with X-Forwarded-Host":   {peer: "127.0.0.1:5000", host: "localhost:3000", header: forwarded("X-Forwarded-Host", "app.example.com"), want: 404},
		"nginx as it comes":       {peer: "127.0.0.1:5000", host: "localhost:3000", protocol: "HTTP/1.0", want: 404},
		"a tunnel":                {peer: "127.0.0.1:5000", host: "abc.tunnel.example", want: 404},
		"a rebound name":          {peer: "127.0.0.1:5000", host: "attacker.example:3000", want: 404},
		"an address of the world": {peer: "172.17.0.1:5000", host: "203.0.113.1:3000", want: 404},
	} {
		if got := r.status(app, "/dev/mail"); got != r.want {
			t.Errorf("%s is answered %d, want %d", name, got, r.want)
		}
	}
	if !strings.Contains(app.Log.String(), "a development page was refused") {
		t.Error("the log does not say why a development page was refused")
	}
}

// A client behind a trusted proxy is as far away as the proxy says.
func TestDevelopment_BelievesATrustedProxyThatTheClientIsFar(t *testing.T) {
	app := apptest.New(t)
	app.Browser().Get("/dev/mail").WantStatus(t, 404)
	app.LocalBrowser().Get("/dev/mail").WantStatus(t, 200)
}

func TestLawDevelopmentRoutesAreForPrivateNetworks(t *testing.T) {
	app := apptest.New(t)
	found := 0
	for _, route := range app.Routes {
		if strings.HasPrefix(route.Path, "/dev/") != (route.Guard == "private network") {
			t.Errorf("%s %s is for %s", route.Method, route.Path, route.Guard)
		}
		if route.Guard == "private network" {
			found++
		}
	}
	production := app.Config
	production.Production = true
	_, routes := (&core.Core{Config: production, DB: app.DB, Auth: app.Auth, Outbox: app.Outbox, Now: time.Now}).Site()
	if found == 0 || len(routes) != len(app.Routes)-found {
		t.Errorf("development has %d routes, %d of them its own; production has %d", len(app.Routes), found, len(routes))
	}
}
