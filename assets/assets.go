// Package assets serves the stylesheet, the scripts, and the icons. The address
// of each has a hash of its content.
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

// styles are the parts of app.css, in order. The layers in tokens.css decide
// which rule wins, not this order.
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

// others are served unchanged.
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

// prefix is the path where Handler is mounted.
const prefix = "/assets/"

// file is one asset, ready to be sent.
type file struct {
	name      string // in the program: "app.css"
	address   string // in browsers: "/assets/app-3f2a….css"
	hash      string // of content
	mediaType string
	content   []byte
	brotli    []byte // nil if there is none
	gzip      []byte
}

// set has all assets, by name and by address.
type set struct{ byName, byAddress map[string]*file }

// load reads all assets, and their compressed forms from the folder
// "compressed".
func load(files fs.FS) (set, error) {
	all := set{byName: map[string]*file{}, byAddress: map[string]*file{}}
	var css []byte
	for _, name := range styles {
		part, err := fs.ReadFile(files, name)
		if err != nil {
			return set{}, fmt.Errorf("read the stylesheet: %w", err)
		}
		css = append(css, part...)
	}
	all.add(files, "app.css", css)
	for _, name := range others {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return set{}, fmt.Errorf("read an asset: %w", err)
		}
		all.add(files, name, content)
	}
	return all, nil
}

func (s set) add(files fs.FS, name string, content []byte) {
	ext := path.Ext(name)
	// Git for Windows may have written \r\n, and compressed files are found by
	// the hash of the content.
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
	// A compressed file is found by the hash of its content, so an outdated one
	// is never sent.
	if compressible(ext) {
		f.brotli, _ = fs.ReadFile(files, "compressed/"+hash+".br")
		f.gzip, _ = fs.ReadFile(files, "compressed/"+hash+".gz")
	}
	s.byName[name], s.byAddress[f.address] = f, f
}

// mediaType returns the Content-Type of an extension. Go's mime package asks
// the operating system, whose answer differs between servers.
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

// path returns the address of an asset.
func (s set) path(name string) string {
	f, ok := s.byName[name]
	if !ok {
		panic("assets: no asset is called " + strconv.Quote(name))
	}
	return f.address
}

// serve sends f, or 404 if it is nil. The content of an address never changes,
// so browsers may store it for a year, the longest time that caches expect (RFC
// 9111).
func serve(w http.ResponseWriter, r *http.Request, f *file) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if f == nil {
		// During an update another server may know the address.
		h.Set("Cache-Control", "no-store")
		http.Error(w, "This file does not exist.", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Use GET or HEAD.", http.StatusMethodNotAllowed)
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
		// RFC 9110 8.8.3.3: each encoding has its own tag.
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

// TakesGzip reports whether the browser accepts gzip.
func TakesGzip(r *http.Request) bool {
	return choose(r.Header.Values("Accept-Encoding"), false, true) == "gzip"
}

// matches reports whether If-None-Match contains etag, in a weak comparison
// (RFC 9110 13.1.2).
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

// choose returns the encoding to send, or "" for none (RFC 9110 12.5.3). It
// prefers "br" to "gzip" if the browser weighs them alike. An unreadable weight
// counts as a refusal, because uncompressed content is always understood.
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

// Compressible returns the content of every asset that is worth compressing, by
// its hash.
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
