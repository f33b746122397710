// feature:notes|profile_picture

package models

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
	"runtime/debug"
)

// maxScans is the most scans of a JPEG that are decoded. Each takes time for all pixels, however few bytes it has. Encoders write about ten.
const maxScans = 100

// jpegFile is what the segments of a JPEG say. Nothing is decoded to find it.
type jpegFile struct {
	data        []byte
	memory      int64  // what decoding needs, in bytes
	orientation int    // 1 to 8 (Exif 2.32, tag 0x0112)
	profile     []byte // ICC
	scans       int
	lastScan    int  // where the last scan begins
	end         int  // where the file ends, without a segment that is cut off
	complete    bool // the end of the image is there
	progressive bool
	adobeRGB    bool
	units       int // of the picture, each with the blocks of all components that lie on each other
	blocks      int // of 8×8 samples in a unit
	restart     int // units between restart markers, 0 for none
	restarts    int // how many of these markers the last scan has
}

// readJPEG walks over the segments of a file (ITU-T T.81, annex B). In the data of a scan, FF is followed by 00 or a restart marker.
func readJPEG(data []byte) *jpegFile {
	f := &jpegFile{data: data, orientation: 1}
	inScan := false
	for at := 2; ; {
		f.end = at
		if inScan {
			f.end = len(data)
		}
		next := bytes.IndexByte(data[min(at, len(data)):], 0xff)
		if next < 0 || at+next+1 >= len(data) {
			return f
		}
		at += next
		switch marker := data[at+1]; {
		case marker == 0xff:
			at++
		case marker == 0:
			at += 2
		case marker >= 0xd0 && marker <= 0xd7:
			f.restarts++
			at += 2
		case marker == 0xd9:
			f.complete = true
			return f
		default:
			if at+4 > len(data) {
				f.end = at
				return f
			}
			length := max(2, int(binary.BigEndian.Uint16(data[at+2:])))
			if at+2+length > len(data) {
				f.end = at
				return f
			}
			f.read(marker, at, data[at+4:at+2+length])
			inScan = marker == 0xda
			at += 2 + length
		}
	}
}

// read takes in one segment, which begins at this place.
func (f *jpegFile) read(marker byte, at int, segment []byte) {
	switch {
	case marker == 0xc0 || marker == 0xc1 || marker == 0xc2:
		f.progressive = marker == 0xc2
		f.readFrame(segment)
	case marker == 0xda:
		f.scans++
		f.lastScan, f.restarts = at, 0
	case marker == 0xdd && len(segment) == 2:
		f.restart = int(binary.BigEndian.Uint16(segment))
	case marker == 0xe1 && len(segment) > 14 && string(segment[:6]) == "Exif\x00\x00" && f.orientation == 1:
		f.orientation = exifOrientation(segment[6:])
	case marker == 0xe2 && len(segment) > 14 && string(segment[:12]) == "ICC_PROFILE\x00":
		f.profile = append(f.profile, segment[14:]...) // after its number and how many there are
	case marker == 0xee && len(segment) >= 12 && string(segment[:5]) == "Adobe":
		f.adobeRGB = segment[11] == 0
	}
}

// readFrame counts what image/jpeg allocates: a byte for each sample of each component, four more if the picture comes in several passes,
// and four for each pixel if it is neither gray nor YCbCr.
func (f *jpegFile) readFrame(segment []byte) {
	if len(segment) < 9 || segment[5] == 0 || len(segment) < 6+3*int(segment[5]) {
		return // no component, or one that is cut off; image/jpeg refuses the file
	}
	height, width, components := int(binary.BigEndian.Uint16(segment[1:])), int(binary.BigEndian.Uint16(segment[3:])), int(segment[5])
	first := max(1, int(segment[7]>>4)) * 8
	below := max(1, int(segment[7]&15)) * 8
	if components == 1 {
		first, below = 8, 8
	}
	f.units, f.blocks = ((width+first-1)/first)*((height+below-1)/below), 0
	for i := range components {
		across, down := int(segment[7+3*i]>>4), int(segment[7+3*i]&15)
		if components == 1 {
			across, down = 1, 1
		}
		f.blocks += across * down
	}
	f.memory = int64(f.units) * int64(f.blocks) * 64
	if f.progressive {
		f.memory *= 5
	}
	if components == 4 || f.adobeRGB || components == 3 && segment[6] == 'R' {
		f.memory += 4 * int64(width) * int64(height)
	}
}

// decode returns the picture. Where the end of the file is missing, it returns what there is, as browsers do: first it tries whether only
// the mark of the end is missing.
func (f *jpegFile) decode(ctx context.Context) (image.Image, error) {
	decode := func(parts ...io.Reader) (image.Image, error) {
		return jpeg.Decode(boundReader{ctx, io.MultiReader(parts...)})
	}
	if f.complete {
		return decode(bytes.NewReader(f.data))
	}
	decoded, err := decode(bytes.NewReader(f.data[:f.end]), bytes.NewReader(endOfImage))
	if err == nil || f.scans == 0 {
		return decoded, err
	}
	debug.FreeOSMemory() // what the first try took
	if f.progressive && f.scans > 1 {
		// The scans before the one that is cut off have the whole picture, if less sharp.
		return decode(bytes.NewReader(f.data[:f.lastScan]), bytes.NewReader(endOfImage))
	}
	return decode(bytes.NewReader(f.data[:f.end]), f.padding())
}

// endOfImage is the marker at the end of a file.
var endOfImage = []byte{0xff, 0xd9}

// padding returns what stands in for the rest of a scan: zeros, which are valid in any Huffman code, with the restart markers that the
// decoder looks for, and the end of the image. The decoder skips the zeros that it does not need.
func (f *jpegFile) padding() io.Reader {
	const most = 64 // bytes that a block of zeros takes: 64 codes of at most 8 bits
	restart := max(1, cmp.Or(f.restart, f.units))
	return &padding{next: f.restarts, last: f.units / restart, zeros: int64(restart) * int64(f.blocks) * most}
}

// padding is zeros and a restart marker, from one marker to the last.
type padding struct {
	next, last int
	zeros      int64 // before each marker
	part       io.Reader
}

func (p *padding) Read(b []byte) (int, error) {
	for {
		if p.part != nil {
			if n, _ := p.part.Read(b); n > 0 {
				return n, nil
			}
		}
		switch {
		case p.next > p.last+1:
			return 0, io.EOF
		case p.next == p.last+1:
			p.part = bytes.NewReader(endOfImage)
		default:
			p.part = io.MultiReader(io.LimitReader(zeros{}, p.zeros), bytes.NewReader([]byte{0xff, 0xd0 + byte(p.next%8)}))
		}
		p.next++
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
