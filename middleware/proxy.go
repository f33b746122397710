package middleware

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// TrustProxies makes the addresses and schemes that forwarding headers claim count for something only when the peer is one of
// proxies: anyone can send such a header (ASVS 4.1.3). The address is found by walking X-Forwarded-For from the right, past
// proxies, to the first that is none.
func TrustProxies(e *echo.Echo, proxies []netip.Prefix) {
	trusted := func(ip netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	e.IPExtractor = func(r *http.Request) string {
		ip := hop(r.RemoteAddr)
		for _, claim := range slices.Backward(strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ","), ",")) {
			before := hop(strings.TrimSpace(claim))
			if !trusted(ip) || !before.IsValid() {
				break // nobody vouches for what stands further left
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

// hop reads "192.0.2.7", and with a port, as some proxies write it, "192.0.2.7:1234" or "[2001:db8::7]:1234".
func hop(s string) netip.Addr {
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		peer, _ := netip.ParseAddrPort(s)
		ip = peer.Addr()
	}
	return ip.Unmap().WithZone("")
}
