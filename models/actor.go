package models

import "net/netip"

// Actor is the user, session and client of a request. Queries on owned tables
// take it, see Scoped.
type Actor struct {
	Session     Session
	User        User
	Preferences Preferences
	Picture     string       // the id of the user's profile picture, "" for none // feature:profile_picture
	Roles       []string     // the names of the roles that the user was granted
	Permissions []Permission // what these roles permit, see May
	Client      Client
}

// ActorFor returns an actor for work on a user's rows outside of a request. It
// has no session, so it fails where one is required, and no permissions.
func ActorFor(user *User) *Actor { return &Actor{User: *user} }

// Client is where a request comes from. The zero Client is the server itself.
type Client struct {
	IP        netip.Addr
	UserAgent string
}

// Address returns the IP as text, or "" for the server itself.
func (c Client) Address() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}

// Device names the browser and the system, as DeviceName does. It is "" for the
// server itself.
func (c Client) Device() string {
	if !c.IP.IsValid() {
		return ""
	}
	return DeviceName(c.UserAgent)
}
