// Package assets serves the stylesheet, the script and the icons, each at an address that names its content.
package assets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// styles are the parts of app.css, in order; the layers in tokens.css decide what wins, not this.
var styles = [...]string{
	"tokens.css",
	"base.css",
	"components.css",
	"htmx.css",
	"totp.css",           // feature:totp
	"recovery_codes.css", // feature:recovery_codes
	"account_export.css",
	"activity.css",
	"mail_login.css", // feature:mail_login
	"passkeys.css",   // feature:passkeys
	"preferences.css",
	"trusted_devices.css", // feature:trusted_devices
	"profile_picture.css", // feature:profile_picture
	"terms.css",           // feature:terms
	"app.css",
}

// others are served as they are.
var others = [...]string{
	"app.js",
	"htmx.min.js",
	"htmx.js",
	"passkeys.js", // feature:passkeys
	"preferences.js",
	"favicon.svg",
	"favicon.ico",
	"apple-touch-icon.png",
}

// prefix is where Handler is mounted.
const prefix = "/assets/"

// file is one asset, ready to be sent.
type file struct {
	name      string // as the program calls it: "app.css"
	address   string // as browsers call it: "/assets/app-3f2a….css"
	hash      string // of content
	mediaType string
	content   []byte
	brotli    []byte // nil where there is none
	gzip      []byte
}

// set is all assets, by name and by address.
type set struct{ byName, byAddress map[string]*file }

// load reads all assets from files and their compressed forms from files' folder "compressed".
func load(files fs.FS) (set, error) {
	all := set{byName: map[string]*file{}, byAddress: map[string]*file{}}
	var css []byte
	for _, name := range styles {
		part, err := fs.ReadFile(files, name)
		if err != nil {
			return set{}, fmt.Errorf("reading the stylesheet: %w", err)
		}
		css = append(css, part...)
	}
	all.add(files, "app.css", css)
	for _, name := range others {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return set{}, fmt.Errorf("reading an asset: %w", err)
		}
		all.add(files, name, content)
	}
	return all, nil
}

func (s set) add(files fs.FS, name string, content []byte) {
	ext := path.Ext(name)
	// A checkout for Windows may have ended lines in \r\n, and the compressed files
	// are found by the hash of the content.
	if compressible(ext) {
		content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	}
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:8])
	f := &file{
		name:      name,
		address:   prefix + strings.TrimSuffix(name, ext) + "-" + hash + ext,
		hash:      hash,
		mediaType: mediaType(ext),
		content:   content,
	}
	// Compressed files are found by the hash of what they hold, so that one of an older version is never sent.
	if compressible(ext) {
		f.brotli, _ = fs.ReadFile(files, "compressed/"+hash+".br")
		f.gzip, _ = fs.ReadFile(files, "compressed/"+hash+".gz")
	}
	s.byName[name], s.byAddress[f.address] = f, f
}

// mediaType is fixed here: Go's mime package asks the operating system, whose answer differs from server to server.
func mediaType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml; charset=utf-8"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	}
	return "application/octet-stream"
}

func compressible(ext string) bool { return ext == ".css" || ext == ".js" || ext == ".svg" }

// path returns the address of the asset called name.
func (s set) path(name string) string {
	f, ok := s.byName[name]
	if !ok {
		panic("assets: there is none called " + strconv.Quote(name))
	}
	return f.address
}

// serve answers for f, nil being an address that there is not. Addresses never change their content, so it may be kept for
// a year (the most that RFC 9111 servers usually say) and never asked for again.
func serve(w http.ResponseWriter, r *http.Request, f *file) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if f == nil {
		// Behind several servers of different versions the next answer may be another.
		h.Set("Cache-Control", "no-store")
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "This can only be read.", http.StatusMethodNotAllowed)
		return
	}
	body, encoding := f.content, choose(r.Header.Values("Accept-Encoding"), f.brotli != nil, f.gzip != nil)
	etag := `"` + f.hash + `"`
	switch encoding {
	case "br":
		body = f.brotli
	case "gzip":
		body = f.gzip
	}
	if encoding != "" {
		// RFC 9110, 8.8.3.3: each encoding is a representation with a tag of its own.
		etag = `"` + f.hash + "-" + encoding + `"`
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", etag)
	h.Set("Vary", "Accept-Encoding")
	if matches(r.Header.Values("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body)
	}
}

// TakesGzip says whether who asks reads what is compressed so.
func TakesGzip(r *http.Request) bool {
	return choose(r.Header.Values("Accept-Encoding"), false, true) == "gzip"
}

// matches says whether If-None-Match names etag (RFC 9110, 13.1.2: compared weakly).
func matches(headers []string, etag string) bool {
	for _, header := range headers {
		for tag := range strings.SplitSeq(header, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == etag || tag == "*" {
				return true
			}
		}
	}
	return false
}

// choose returns the encoding to send, "br" before "gzip" where the browser weighs them alike, or "" for none
// (RFC 9110, 12.5.3). A weight that cannot be read counts as a refusal: uncompressed is always understood.
func choose(headers []string, brotli, gzip bool) string {
	weights := map[string]float64{}
	for _, header := range headers {
		for entry := range strings.SplitSeq(header, ",") {
			coding, parameter, weighed := strings.Cut(entry, ";")
			weight := 1.0
			if weighed {
				value, isQ := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q=")
				q, err := strconv.ParseFloat(value, 64)
				if weight = q; !isQ || err != nil || !(q >= 0 && q <= 1) {
					weight = 0
				}
			}
			weights[strings.ToLower(strings.TrimSpace(coding))] = weight
		}
	}
	weigh := func(coding string, have bool) float64 {
		if !have {
			return 0
		}
		if weight, named := weights[coding]; named {
			return weight
		}
		return weights["*"]
	}
	br, gz := weigh("br", brotli), weigh("gzip", gzip)
	switch best := max(br, gz); {
	case best == 0 || best < weights["identity"]:
		return ""
	case br == best:
		return "br"
	}
	return "gzip"
}

// Compressible returns the content, by its hash, of every asset in files that is worth compressing.
func Compressible(files fs.FS) (map[string][]byte, error) {
	all, err := load(files)
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for name, f := range all.byName {
		if compressible(path.Ext(name)) {
			contents[f.hash] = f.content
		}
	}
	return contents, nil
}
