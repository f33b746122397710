// feature:notes|profile_picture

package handlers_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"testing"
)

// upload sends a form with a file.
func (p *person) upload(path, field, name string, content []byte) *page {
	p.s.t.Helper()
	page, err := p.tryUpload(path, field, name, content)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return page
}

// tryUpload is upload for people who come many at once.
func (p *person) tryUpload(path, field, name string, content []byte) (*page, error) {
	return p.send(p.uploading(path, field, name, content))
}

func (p *person) uploading(path, field, name string, content []byte) *http.Request {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		p.s.t.Error(err)
		return nil
	}
	part.Write(content)
	w.Close()
	r := p.request(http.MethodPost, path, &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// testPicture is red above and blue below.
func testPicture(width, height int) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.NRGBA{R: uint8(255 * (1 - 2*y/height)), B: uint8(255 * (2 * y / height)), A: 255})
		}
	}
	return picture
}

func pngOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, testPicture(width, height)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, testPicture(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, testPicture(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a PNG of a few bytes that says it is so large.
func bomb(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	header = append(binary.BigEndian.AppendUint32(header, height), 8, 6, 0, 0, 0)
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(header)-4)), header...)
	return append([]byte("\x89PNG\r\n\x1a\n"), binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(header))...)
}

// withExif is a JPEG that says where it was taken, and how the camera was held.
func withExif(jpeg []byte, orientation byte) []byte {
	exif := "\xff\xe1\x00\x3cExif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) +
		"\x00\x00\x00\x00\x00\x00GPS: taken at home......"
	exif = exif[:3] + string(rune(len(exif)-2)) + exif[4:]
	return append([]byte("\xff\xd8"+exif), jpeg[2:]...)
}
