// feature:notes|profile_picture

package models

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"io"
	"math"
)

// maxProfile is the largest color profile that is read, in bytes. A compressed one can say that it is any size.
const maxProfile = 1 << 20

// pngProfile returns the color profile of a PNG (chunk iCCP), or nil. It stands before the pixels.
func pngProfile(data []byte) []byte {
	for at := 8; at+8 <= len(data); {
		length, kind := int(binary.BigEndian.Uint32(data[at:])), string(data[at+4:at+8])
		if kind == "IDAT" || length > len(data)-at-8 {
			return nil
		}
		if kind == "iCCP" {
			_, compressed, _ := bytes.Cut(data[at+8:at+8+length], []byte{0})
			if len(compressed) == 0 {
				return nil
			}
			r, err := zlib.NewReader(bytes.NewReader(compressed[1:])) // after the method
			if err != nil {
				return nil
			}
			profile, _ := io.ReadAll(io.LimitReader(r, maxProfile))
			return profile
		}
		at += 12 + length
	}
	return nil
}

// colorProfile turns colors of a device into sRGB: a curve for each channel, and a matrix. Phones and monitors have such profiles.
type colorProfile struct {
	linear [3][256]float64
	matrix [3][3]float64
}

// fromXYZ turns XYZ, relative to the white D50 of ICC profiles, into linear sRGB (IEC 61966-2-1, adapted by Bradford).
var fromXYZ = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// readProfile reads an ICC profile (ICC.1:2010, 7 to 10). It returns nil for one that has no curves and matrix, and for sRGB, which leaves
// colors as they are.
func readProfile(icc []byte) *colorProfile {
	if len(icc) < 132 || string(icc[20:24]) != "XYZ " {
		return nil
	}
	p := &colorProfile{}
	switch string(icc[16:20]) {
	case "GRAY":
		for i := range 3 {
			p.matrix[i][i] = 1
			if !p.readCurve(i, iccTag(icc, "kTRC")) {
				return nil
			}
		}
	case "RGB ":
		for i, channel := range []string{"r", "g", "b"} {
			xyz := iccTag(icc, channel+"XYZ")
			if len(xyz) < 20 || !p.readCurve(i, iccTag(icc, channel+"TRC")) {
				return nil
			}
			for row := range 3 {
				for part := range 3 {
					p.matrix[row][i] += fromXYZ[row][part] * fixed(xyz[8+4*part:])
				}
			}
		}
	default:
		return nil
	}
	if p.isSRGB() {
		return nil
	}
	return p
}

// iccTag returns an element of the profile with its type before it, nil if it has none.
func iccTag(icc []byte, name string) []byte {
	for i := range min(int(binary.BigEndian.Uint32(icc[128:])), (len(icc)-132)/12) {
		entry := icc[132+12*i:]
		if string(entry[:4]) == name {
			at, length := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
			if at+length <= uint64(len(icc)) {
				return icc[at : at+length]
			}
		}
	}
	return nil
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// readCurve reads a curve, "curv" or "para", for one channel.
func (p *colorProfile) readCurve(channel int, tag []byte) bool {
	if len(tag) < 12 {
		return false
	}
	var curve func(float64) float64
	switch string(tag[:4]) {
	case "curv":
		curve = sampledCurve(int(binary.BigEndian.Uint32(tag[8:])), tag[12:])
	case "para":
		curve = parametricCurve(binary.BigEndian.Uint16(tag[8:]), tag[12:])
	}
	if curve == nil {
		return false
	}
	for i := range 256 {
		x := curve(float64(i) / 255)
		if math.IsNaN(x) {
			return false
		}
		p.linear[channel][i] = min(1, max(0, x))
	}
	return true
}

// sampledCurve is a line, a power, or n samples with lines between them.
func sampledCurve(n int, samples []byte) func(float64) float64 {
	switch {
	case n == 0:
		return func(x float64) float64 { return x }
	case n < 0 || n > len(samples)/2:
		return nil
	case n == 1:
		power := float64(binary.BigEndian.Uint16(samples)) / 256
		return func(x float64) float64 { return math.Pow(x, power) }
	}
	return func(x float64) float64 {
		place, part := math.Modf(x * float64(n-1))
		at := func(i int) float64 { return float64(binary.BigEndian.Uint16(samples[2*min(i, n-1):])) / 65535 }
		return at(int(place))*(1-part) + at(int(place)+1)*part
	}
}

// parametricCurve is a power with a straight part near black (ICC.1:2010, 10.16).
func parametricCurve(kind uint16, parameters []byte) func(float64) float64 {
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(parameters) < 4*counts[kind] {
		return nil
	}
	v := [7]float64{1: 1, 4: math.Inf(-1)} // gamma, a, b, c, d, e, f
	for i := range counts[kind] {
		v[i] = fixed(parameters[4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 1, 2: // c is added to everything, and the straight part lies below -b/a
		d, e, f, c = -b/a, c, c, 0
	}
	return func(x float64) float64 {
		if x < d {
			return c*x + f
		}
		return math.Pow(a*x+b, g) + e
	}
}

// encodeSRGB is the curve of sRGB in as many steps as keep a difference of one in 255 apart near black.
var encodeSRGB = func() (table [1 << 14]uint8) {
	for i := range table {
		x := float64(i) / float64(len(table)-1)
		if x <= 0.0031308 {
			x *= 12.92
		} else {
			x = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		table[i] = uint8(x*255 + 0.5)
	}
	return table
}()

func (p *colorProfile) convert(c color.NRGBA) color.NRGBA {
	in := [3]float64{p.linear[0][c.R], p.linear[1][c.G], p.linear[2][c.B]}
	var out [3]uint8
	for i, row := range p.matrix {
		x := row[0]*in[0] + row[1]*in[1] + row[2]*in[2]
		out[i] = encodeSRGB[int(min(1, max(0, x))*float64(len(encodeSRGB)-1)+0.5)]
	}
	return color.NRGBA{out[0], out[1], out[2], c.A}
}

// isSRGB reports whether the profile moves no color by more than two in 255.
func (p *colorProfile) isSRGB() bool {
	for i := range 64 + 256 {
		c := color.NRGBA{R: uint8(i % 4 * 85), G: uint8(i / 4 % 4 * 85), B: uint8(i / 16 % 4 * 85)}
		if i >= 64 { // the grays
			c = color.NRGBA{R: uint8(i - 64), G: uint8(i - 64), B: uint8(i - 64)}
		}
		got := p.convert(c)
		for _, moved := range []int{int(c.R) - int(got.R), int(c.G) - int(got.G), int(c.B) - int(got.B)} {
			if max(moved, -moved) > 2 {
				return false
			}
		}
	}
	return true
}

// toSRGB changes the colors of a picture in place. A nil profile leaves them.
func (p *colorProfile) toSRGB(picture *image.RGBA) *image.RGBA {
	if p == nil {
		return picture
	}
	for y := range picture.Rect.Dy() {
		for x := range picture.Rect.Dx() {
			picture.Set(x, y, p.convert(color.NRGBAModel.Convert(picture.RGBAAt(x, y)).(color.NRGBA)))
		}
	}
	return picture
}
