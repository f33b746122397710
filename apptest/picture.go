package apptest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// Picture returns a picture that is red above and blue below.
func Picture(width, height int) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.NRGBA{R: uint8(255 * (1 - 2*y/height)), B: uint8(255 * (2 * y / height)), A: 255})
		}
	}
	return picture
}

// PNG returns Picture as a PNG file.
func PNG(t *testing.T, width, height int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, Picture(width, height)); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// JPEG returns Picture as a JPEG file.
func JPEG(t *testing.T, width, height int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, Picture(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// GIF returns Picture as a GIF file.
func GIF(t *testing.T, width, height int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := gif.Encode(&file, Picture(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Bomb returns a PNG file of a few bytes that claims a size in pixels.
func Bomb(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	header = append(binary.BigEndian.AppendUint32(header, height), 8, 6, 0, 0, 0)
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(header)-4)), header...)
	return append([]byte("\x89PNG\r\n\x1a\n"), binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(header))...)
}

// WithExif returns a JPEG file with a place and an orientation in its Exif data.
func WithExif(jpeg []byte, orientation byte) []byte {
	exif := "\xff\xe1\x00\x3cExif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" +
		string(orientation) + "\x00\x00\x00\x00\x00\x00GPS: taken at home......"
	exif = exif[:3] + string(rune(len(exif)-2)) + exif[4:]
	return append([]byte("\xff\xd8"+exif), jpeg[2:]...)
}
