// Package layout holds the frames around pages: Site for anyone, Guest for the logged out, App for the logged in.
package layout

import (
	"context"

	"github.com/a-h/templ"

	"example.com/gatehouse/models"
	"example.com/gatehouse/views/ui"
)

// Request is what a layout may know of the request. Pages read only their arguments.
type Request struct {
	AppName     string
	User        *models.User    // nil for a visitor
	Path        string          // of the URL, for marking the current navigation entry
	Notice      ui.Message      // one-time message ("Password changed."), without a text for none
	Menu        []ui.Link       // of features, in the navigation
	Foot        []ui.Link       // at the foot of pages for anyone
	Offer       templ.Component // what is suggested to somebody who has just logged in, above the page; nil for none
	Development bool            // shows a link to the development mailbox
	Theme       string          // "light" or "dark"; "" is the device's
	Picture     Picture         // of the user, where they have one
}

// Picture is the addresses of one picture in two sizes, "" for none.
type Picture struct{ Small, Large string }

type contextKey struct{}

// With returns a context from which layouts read r.
func With(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// From returns what With was given; without it, a visitor to an application without a name.
func From(ctx context.Context) Request {
	r, _ := ctx.Value(contextKey{}).(Request)
	return r
}

// root are the attributes of the html element: the language of what is read, and the theme where somebody has chosen one.
func root(ctx context.Context) templ.Attributes {
	a := templ.Attributes{"lang": ui.LocaleOf(ctx).Language}
	if theme := From(ctx).Theme; theme != "" {
		a["data-theme"] = theme
	}
	return a
}
