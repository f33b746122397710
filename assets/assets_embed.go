//go:build !dev

package assets

import (
	"embed"
	"net/http"
)

//go:embed *.css *.js favicon.svg favicon.ico apple-touch-icon.png compressed
var embedded embed.FS

// all has the assets. It is read at the start and never changed.
var all = func() set {
	s, err := load(embedded)
	if err != nil {
		panic("assets: " + err.Error()) // a file is not embedded: a bug that every test shows
	}
	return s
}()

// Path returns the address of an asset: "/assets/app-3f2a….css" for "app.css".
// It panics if there is no such asset.
func Path(name string) string { return all.path(name) }

// Handler serves /assets/… for GET and HEAD.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, all.byAddress[r.URL.Path])
	})
}
