package middleware

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// TrustProxies makes forwarding headers count only if the peer is a trusted
// proxy, because any client can send them (ASVS 5.0 V4.1.3). The client's
// address is the rightmost one in X-Forwarded-For that is not a trusted proxy.
func TrustProxies(e *echo.Echo, proxies []netip.Prefix) {
	trusted := func(ip netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	e.IPExtractor = func(r *http.Request) string {
		ip := hop(r.RemoteAddr)
		claims := strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ",")
		for _, claim := range slices.Backward(strings.Split(claims, ",")) {
			before := hop(strings.TrimSpace(claim))
			if !trusted(ip) || !before.IsValid() {
				break // the client may have forged the rest
			}
			ip = before
		}
		return ip.String()
	}
	e.SchemeExtractor = func(r *http.Request) string {
		if r.TLS != nil || trusted(hop(r.RemoteAddr)) && r.Header.Get(echo.HeaderXForwardedProto) == "https" {
			return "https"
		}
		return "http"
	}
}

// hop parses an address with or without a port, as different proxies write it:
// "192.0.2.7", "192.0.2.7:1234", "[2001:db8::7]:1234".
func hop(s string) netip.Addr {
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		peer, _ := netip.ParseAddrPort(s)
		ip = peer.Addr()
	}
	return ip.Unmap().WithZone("")
}
