//go:build dev

package assets

import (
	"net/http"
	"os"
	"path"
	"strings"
)

// read reads all assets from the module's root, the working directory in
// development.
func read() set {
	s, err := load(os.DirFS("assets"))
	if err != nil {
		panic("assets: " + err.Error())
	}
	return s
}

// Path returns the address of an asset as it is on disk now, so that an edit
// shows on the next reload.
func Path(name string) string { return read().path(name) }

// Handler serves /assets/… from disk. An address from before an edit returns
// the edited file.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all := read()
		if f, ok := all.byAddress[r.URL.Path]; ok {
			serve(w, r, f)
			return
		}
		stem, ext := strings.TrimPrefix(r.URL.Path, prefix), path.Ext(r.URL.Path)
		stem = stem[:max(0, strings.LastIndexByte(stem, '-'))]
		serve(w, r, all.byName[stem+ext])
	})
}
