package middleware

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// TrustProxies makes the addresses and schemes that forwarding headers claim count for something only when the peer is one of
// proxies: anyone can send such a header (ASVS 4.1.3).
func TrustProxies(e *echo.Echo, proxies []netip.Prefix) {
	if len(proxies) == 0 {
		e.IPExtractor = echo.ExtractIPDirect()
		e.SchemeExtractor = directScheme
		return
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, proxy := range proxies {
		_, network, err := net.ParseCIDR(proxy.String())
		if err == nil { // a netip.Prefix prints as a CIDR
			options = append(options, echo.TrustIPRange(network))
		}
	}
	e.IPExtractor = echo.ExtractIPFromXFFHeader(options...)
	e.SchemeExtractor = func(r *http.Request) string {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		for _, proxy := range proxies {
			if err == nil && proxy.Contains(peer.Addr().Unmap()) && r.Header.Get(echo.HeaderXForwardedProto) == "https" {
				return "https"
			}
		}
		return directScheme(r)
	}
}

func directScheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
