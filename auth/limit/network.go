package limit

import "net/netip"

// networks are the parts of the IPv6 space that have a count each, and how many
// times as many attempts each may have as a /64, which is what one machine has.
// A household usually has a /56 (RIPE-690). A /48 is one site's, or a free
// tunnel's. A mobile carrier puts thousands of phones into it, each with its own
// /64, and they get more than the customers behind one IPv4 address of the same
// carrier. At the default of login-ip a /48 can have 1,600 passwords checked in
// 15 minutes, which is a tenth of one core.
var networks = []struct{ bits, times int }{{64, 1}, {56, 4}, {48, 16}}

// From returns the counters of an address: one for an IPv4 address, and one for
// each network that an IPv6 address lies in. An attacker with a /48 has 65,536
// times a /64, and would otherwise have as many times what the limit allows.
func (l Limit) From(ip netip.Addr) (counters []Counter) {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return []Counter{l.By(ip.String())}
	}
	for _, n := range networks {
		counter := l.By(netip.PrefixFrom(ip, n.bits).Masked().String())
		counter.times = n.times
		counters = append(counters, counter)
	}
	return counters
}

// Network returns the smallest of those networks, for what counts by more than
// the address.
func Network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		return netip.PrefixFrom(ip, networks[0].bits).Masked().String()
	}
	return ip.String()
}
