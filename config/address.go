package config

import (
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// parseAppURL returns the origin as browsers write it, because requests are
// compared with it.
func parseAppURL(value string, faults *Faults) *url.URL {
	u, err := url.Parse(value)
	ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && validHost(u) && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
	faults.check(ok, "APP_URL is %q; it must be an origin such as https://app.example.com, without a path, an "+
		"international name in its xn-- form", value)
	if !ok {
		return nil
	}
	// Browsers leave the default port of the scheme out of an Origin.
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	return &url.URL{Scheme: u.Scheme, Host: host}
}

// validHost reports whether the host of a URL, and its port if it has one, are
// written as browsers write them.
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

// validName reports whether name is an IPv4 address or a DNS name. Browsers
// read a name whose last part is a number as an address.
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

// validListenHost reports whether net.Listen accepts the host.
func validListenHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || validName(host)
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && port[0] != '0'
}

// privateSuffixes are the endings of names that the public DNS never resolves:
// RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of .internal.
var privateSuffixes = []string{".localhost", ".test", ".local", ".home.arpa", ".internal"}

// PrivateHost reports whether a host, without a port, can only be this machine
// or in a private network. It looks at the name alone: an attacker may control
// the answer of the DNS.
func PrivateHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsUnspecified() || PrivateIP(ip)
	}
	if !strings.Contains(host, ".") {
		return host != "" // a name without a dot is local
	}
	return slices.ContainsFunc(privateSuffixes, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// PrivateIP reports whether an address belongs to this machine or a private
// network (RFC 1918, RFC 4193, link-local). Addresses behind a carrier's NAT
// (RFC 6598) do not count, because the carrier's other customers share them.
func PrivateIP(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// parseMailFrom parses the sender. Without a name the sender gets the name of
// the application.
func parseMailFrom(value, appName string, faults *Faults) *mail.Address {
	from, err := mail.ParseAddress(value)
	ok := err == nil && isASCII(from.Address) && len(from.Address) <= 254 // RFC 5321 4.5.3.1.3
	faults.check(ok, "MAIL_FROM is %q; it must be an address such as Acme <hello@example.com>, an international "+
		"domain in its xn-- form", value)
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
	// A # or ? in the password would end the host, and the program would send
	// the password to the host before it.
	ok := err == nil && (u.Scheme == "smtp" || u.Scheme == "smtps") && validHost(u) &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && wholeLogin(u.User)
	// The value contains a password, so the message does not repeat it.
	faults.check(ok, "SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465; "+
		"escape special characters in user and password, such as # as %%23")
	if !ok {
		return nil
	}
	return u
}

// parseHelo returns the name for EHLO: a host name, or an address in brackets
// (RFC 5321 4.1.3). It defaults to the host of APP_URL. The name of the machine
// has no dot in a container, and many mail servers refuse such a name.
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
		"SMTP_HELO is %q; it must be a full host name such as app.example.com, or an address such as [192.0.2.1] or "+
			"[IPv6:2001:db8::1]", value)
	return value
}

func heloLiteral(ip netip.Addr) string {
	if ip.Is6() {
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

// wholeLogin reports whether the URL has user and password, or neither.
// net/smtp would ignore one without the other.
func wholeLogin(user *url.Userinfo) bool {
	password, _ := user.Password()
	return (user.Username() == "") == (password == "")
}

// parseProxies parses the trusted proxies. The word none stands for an empty
// list.
func parseProxies(values []string, faults *Faults) []netip.Prefix {
	if len(values) == 1 && values[0] == "none" {
		return nil
	}
	var prefixes []netip.Prefix
	for _, value := range values {
		value = strings.TrimSpace(value)
		prefix, ok := parseProxy(value)
		faults.check(ok, "TRUSTED_PROXIES contains %q; it must be a comma-separated list of addresses or CIDRs such "+
			"as 10.0.0.0/8, "+
			"or the word none alone", value)
		if ok {
			// The widest private network is fc00::/7 (RFC 4193).
			faults.check(prefix.Bits() >= 7, "TRUSTED_PROXIES contains %q, which trusts half the internet or more; "+
				"name the proxies only", value)
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// parseProxy parses an address or a CIDR. An IPv4 address in IPv6 form becomes
// IPv4, because peers are compared in that form.
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
