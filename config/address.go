package config

import (
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// parseAppURL returns the origin as browsers write it, since it is compared with what they send.
func parseAppURL(value string, faults *Faults) *url.URL {
	u, err := url.Parse(value)
	ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && validHost(u) && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
	faults.check(ok, "APP_URL is %q; it is one origin such as https://app.example.com, without a path, an international name in its xn-- form", value)
	if !ok {
		return nil
	}
	// Browsers leave the scheme's own port out of an Origin.
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	return &url.URL{Scheme: u.Scheme, Host: host}
}

// validHost says whether a URL names a host, and a port or none, in the one way to write them that browsers keep.
func validHost(u *url.URL) bool {
	name, port := u.Hostname(), u.Port()
	if strings.HasSuffix(u.Host, ":") || port != "" && !validPort(port) {
		return false
	}
	if strings.HasPrefix(u.Host, "[") {
		ip, err := netip.ParseAddr(name)
		return err == nil && ip.Zone() == "" && !ip.Is4In6() && ip.String() == strings.ToLower(name)
	}
	return validName(name)
}

// validName takes an IPv4 address and a name of the DNS. What ends in a number is an address to browsers, whatever it looks like.
func validName(name string) bool {
	last := strings.TrimSuffix(name, ".")
	last = strings.ToLower(last[strings.LastIndexByte(last, '.')+1:])
	if last != "" && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")) {
		ip, err := netip.ParseAddr(name)
		return err == nil && ip.Is4()
	}
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

// validListenHost takes what net.Listen does.
func validListenHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || validName(host)
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && port[0] != '0'
}

// privateSuffixes are names that the DNS of the internet never resolves:
// RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of .internal.
var privateSuffixes = []string{".localhost", ".test", ".local", ".home.arpa", ".internal"}

// PrivateHost reports whether a host, without a port, can only mean this
// machine or a private network. It decides by the name alone, without the DNS,
// whose answers an attacker may choose.
func PrivateHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsUnspecified() || PrivateIP(ip)
	}
	if !strings.Contains(host, ".") {
		return host != "" // a name without a dot is of this machine or of its network
	}
	return slices.ContainsFunc(privateSuffixes, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// PrivateIP reports whether an address is of this machine or of a private
// network (RFC 1918, RFC 4193, link-local). Addresses behind a carrier's NAT
// (RFC 6598) are not: its other customers share them.
func PrivateIP(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// parseMailFrom gives an address that comes without a name the application's.
func parseMailFrom(value, appName string, faults *Faults) *mail.Address {
	from, err := mail.ParseAddress(value)
	ok := err == nil && isASCII(from.Address) && len(from.Address) <= 254 // RFC 5321 4.5.3.1.3 less the angle brackets
	faults.check(ok, "MAIL_FROM is %q; it is an address such as Acme <hello@example.com>, an international domain in its xn-- form", value)
	if ok && from.Name == "" {
		from.Name = appName
	}
	return from
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}

func parseSMTPURL(value string, faults *Faults) *url.URL {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	// A # or ? in a password would be the end of the host, and mail and password would go to the host before it.
	ok := err == nil && (u.Scheme == "smtp" || u.Scheme == "smtps") && validHost(u) &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && wholeLogin(u.User)
	// The value holds a password, so the fault does not repeat it.
	faults.check(ok, "SMTP_URL is not of the form smtp://user:password@host:587 or smtps://user:password@host:465, with what is no letter or digit in user and password as %%23 and the like")
	if !ok {
		return nil
	}
	return u
}

// parseHelo returns the name for EHLO: a host name, or an address in brackets
// (RFC 5321 4.1.3). Without a setting it is the host of APP_URL: a machine's own
// name has no dots in a container, and many servers refuse that.
func parseHelo(value string, app *url.URL, faults *Faults) string {
	if value == "" {
		if app == nil {
			return ""
		}
		value = app.Hostname()
		if ip, err := netip.ParseAddr(value); err == nil {
			value = heloLiteral(ip)
		}
		return value
	}
	ip, err := netip.ParseAddr(strings.TrimPrefix(strings.Trim(value, "[]"), "IPv6:"))
	literal := err == nil && value == heloLiteral(ip)
	faults.check(literal || err != nil && validName(value) && strings.Contains(value, "."),
		"SMTP_HELO is %q; it is a full host name such as app.example.com, or an address such as [192.0.2.1] or [IPv6:2001:db8::1]", value)
	return value
}

func heloLiteral(ip netip.Addr) string {
	if ip.Is6() {
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

// wholeLogin reports whether there is no login, or one with both of its halves:
// half a login would be used as none.
func wholeLogin(user *url.Userinfo) bool {
	password, _ := user.Password()
	return (user.Username() == "") == (password == "")
}

// parseProxies reads the word none as nobody.
func parseProxies(values []string, faults *Faults) []netip.Prefix {
	if len(values) == 1 && values[0] == "none" {
		return nil
	}
	var prefixes []netip.Prefix
	for _, value := range values {
		value = strings.TrimSpace(value)
		prefix, ok := parseProxy(value)
		faults.check(ok, "TRUSTED_PROXIES holds %q; it is a comma-separated list of addresses or CIDRs such as 10.0.0.0/8, or the word none alone", value)
		if ok {
			// The widest network that is one's own is fc00::/7, RFC 4193.
			faults.check(prefix.Bits() >= 7, "TRUSTED_PROXIES holds %q, which trusts half the internet or more", value)
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// parseProxy reads an address or a CIDR. An IPv4 one in the clothes of IPv6 becomes what peers are compared as, IPv4.
func parseProxy(value string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		ip, err := netip.ParseAddr(value)
		return netip.PrefixFrom(ip.Unmap().WithZone(""), ip.Unmap().BitLen()), err == nil
	}
	if prefix.Addr().Is4In6() {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), prefix.IsValid()
}
