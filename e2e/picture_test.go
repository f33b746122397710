// feature:notes|profile_picture

package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/dom"
)

// choose puts a file into the field with this label.
func (p *person) choose(label, name string, content []byte) *person {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	call(p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path},
		BackendNodeID: p.find(label, "button")})
	return p
}

// hills returns a picture.
func hills(t *testing.T) []byte {
	t.Helper()
	const width, height = 800, 466
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			sky := color.NRGBA{R: uint8(250 - y/4), G: uint8(205 - y/7), B: uint8(150 + y/8), A: 255}
			for ridge := range 4 {
				top := 200 + 60*float64(ridge) + 40*math.Sin(float64(x)/(100-14*float64(ridge))+2*float64(ridge))
				if float64(y) > top {
					sky = color.NRGBA{R: uint8(70 - 14*ridge), G: uint8(130 - 24*ridge),
						B: uint8(120 - 20*ridge), A: 255}
				}
			}
			picture.Set(x, y, sky)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
