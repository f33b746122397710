package mail

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/gatehouse/models"
)

// Alert is what a security alert tells in one line.
type Alert struct {
	Says   string
	At     time.Time
	IP     string
	Device string
}

// AlertLine tells of alerts that say the same thing.
type AlertLine struct {
	Says        string
	Count       int
	First, Last time.Time
	Places      []string // from where, the first few
	More        bool     // there were other places
}

// maxPlaces bounds the places in a line. What a line says is never dropped: the
// sentences are ours, so there are only so many.
const maxPlaces = 5

// Fold returns lines with one more alert.
func Fold(lines []AlertLine, a Alert) []AlertLine {
	i := slices.IndexFunc(lines, func(line AlertLine) bool { return line.Says == a.Says })
	if i < 0 {
		i = len(lines)
		lines = append(lines, AlertLine{Says: a.Says, First: a.At})
	}
	line := &lines[i]
	line.Count++
	line.Last = a.At
	switch place := a.place(); {
	case slices.Contains(line.Places, place):
	case len(line.Places) == maxPlaces:
		line.More = true
	default:
		line.Places = append(line.Places, place)
	}
	return lines
}

func (a Alert) place() string {
	return ipAddress(a.IP) + " with " + models.KnownDeviceName(a.Device)
}

func ipAddress(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	return address.WithZone("").String()
}

func (l AlertLine) facts() []Fact {
	when := Fact{"When", Moment(l.First)}
	if l.Count > 1 {
		when.Value = fmt.Sprintf("%d times, from %s to %s", l.Count, Moment(l.First), Moment(l.Last))
	}
	list := []Fact{{"What", l.Says}, when}
	for _, place := range l.Places {
		list = append(list, Fact{"From", place})
	}
	if l.More {
		list = append(list, Fact{"From", "and other places"})
	}
	return list
}

// MoreAlerts tells the owner of an account what else happened shortly after an
// alert, in one mail instead of many.
func (l Messages) MoreAlerts(to string, lines []AlertLine, i Incident) Message {
	var all []Fact
	for _, line := range lines {
		all = append(all, line.facts()...)
	}
	return l.Alert("more_alerts", to, i, Content{
		Subject:   "More happened in your " + l.AppName + " account",
		Preheader: "Was this you?",
		Heading:   "More happened in your account",
		Opening:   []string{"After the alerts that we mailed to you a few minutes ago, more of the same happened in your " + l.AppName + " account."},
		Facts:     all,
		Question:  "If this was you, there is nothing more to do. If it was not, lock them out at once.",
	})
}

func moreAlertsPreview(l Messages, s Sample) Message {
	return l.MoreAlerts(s.To, s.Alerts(), s.Incident)
}
