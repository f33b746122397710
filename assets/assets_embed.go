//go:build !dev

package assets

import (
	"embed"
	"net/http"
)

//go:embed *.css *.js favicon.svg favicon.ico apple-touch-icon.png compressed
var embedded embed.FS

// all is read once, at start, and never changed.
var all = func() set {
	s, err := load(embedded)
	if err != nil {
		panic("assets: " + err.Error()) // a file that load names is not embedded: no test would have passed
	}
	return s
}()

// Path returns the address of an asset: "app.css" is at "/assets/app-3f2a….css". It panics on a name that there is not.
func Path(name string) string { return all.path(name) }

// Handler serves /assets/…: every asset at its address and nothing else, for GET and HEAD.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, all.byAddress[r.URL.Path])
	})
}
