package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// oklch is a color by lightness (0 to 1), chroma (0 to about 0.4) and hue (degrees): CSS Color 4, section 9.
type oklch struct{ L, C, H float64 }

var (
	hexColor   = regexp.MustCompile(`^#([0-9a-f]{3}|[0-9a-f]{6})$`)
	rgbColor   = regexp.MustCompile(`^rgb\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)$`)
	oklchColor = regexp.MustCompile(`^oklch\(\s*([\d.]+)(%?)\s+([\d.]+)\s+([\d.]+)(?:deg)?\s*\)$`)
)

// parseColor reads "#0a7ea4", "#07a", "rgb(10 126 164)" or "oklch(0.56 0.12 168)".
func parseColor(s string) (oklch, error) {
	wrong := fmt.Errorf("%q is no color; write it as #0a7ea4, rgb(10 126 164) or oklch(0.56 0.12 168)", s)
	s = strings.ToLower(strings.TrimSpace(s))
	if m := hexColor.FindStringSubmatch(s); m != nil {
		return fromRGB(parseHex(s)), nil
	}
	if m := rgbColor.FindStringSubmatch(s); m != nil {
		var c [3]float64
		for i := range c {
			c[i], _ = strconv.ParseFloat(m[i+1], 64)
			if c[i] > 255 {
				return oklch{}, wrong
			}
		}
		return fromRGB(c[0]/255, c[1]/255, c[2]/255), nil
	}
	if m := oklchColor.FindStringSubmatch(s); m != nil {
		l, errL := strconv.ParseFloat(m[1], 64)
		c, errC := strconv.ParseFloat(m[3], 64)
		h, errH := strconv.ParseFloat(m[4], 64)
		if m[2] == "%" {
			l /= 100
		}
		if errors.Join(errL, errC, errH) == nil && l <= 1 && c <= 0.5 && h <= 360 {
			return oklch{l, c, h}, nil
		}
	}
	return oklch{}, wrong
}

// parseHex reads what hexColor matches, as parts of 1.
func parseHex(s string) (r, g, b float64) {
	s = s[1:]
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	n, _ := strconv.ParseUint(s, 16, 32)
	return float64(n>>16) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255
}

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func companded(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// fromRGB and rgb are Björn Ottosson's matrices, as CSS Color 4 gives them.
func fromRGB(r, g, b float64) oklch {
	r, g, b = linear(r), linear(g), linear(b)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	x := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	y := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	hue := math.Atan2(y, x) * 180 / math.Pi
	if hue < 0 {
		hue += 360
	}
	return oklch{0.2104542553*l + 0.7936177850*m - 0.0040720468*s, math.Hypot(x, y), hue}
}

// linearRGB may lie outside of 0 to 1, where no screen shows the color.
func (c oklch) linearRGB() [3]float64 {
	x, y := c.C*math.Cos(c.H*math.Pi/180), c.C*math.Sin(c.H*math.Pi/180)
	l := math.Pow(c.L+0.3963377774*x+0.2158037573*y, 3)
	m := math.Pow(c.L-0.1055613458*x-0.0638541728*y, 3)
	s := math.Pow(c.L-0.0894841775*x-1.2914855480*y, 3)
	return [3]float64{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
	}
}

// shown is the nearest color of this lightness and hue that a screen shows: chroma gives way.
func (c oklch) shown() [3]float64 {
	for ; c.C > 0; c.C -= 0.001 {
		rgb := c.linearRGB()
		if min(rgb[0], rgb[1], rgb[2]) >= -0.0005 && max(rgb[0], rgb[1], rgb[2]) <= 1.0005 {
			return rgb
		}
	}
	grey := math.Pow(c.L, 3)
	return [3]float64{grey, grey, grey}
}

func (c oklch) rgba() color.NRGBA {
	var b [3]uint8
	for i, v := range c.shown() {
		b[i] = uint8(math.Round(255 * companded(min(max(v, 0), 1))))
	}
	return color.NRGBA{b[0], b[1], b[2], 255}
}

func (c oklch) hex() string { return hexOf(c.rgba()) }

func hexOf(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance and contrast are those of WCAG 2.2.
func luminance(hex string) float64 {
	r, g, b := parseHex(hex)
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// legible is the color, darkened as little as white text on it needs (4.5:1, WCAG 1.4.3), and whether it had to be.
func (c oklch) legible() (hex string, darkened bool) {
	for contrast(c.hex(), "#ffffff") < 4.5 {
		c.L -= 0.005
		darkened = true
	}
	return c.hex(), darkened
}

// tinted is a color of the same lightness in brand's hue; a grey brand makes it grey.
func tinted(hex string, brand oklch) string {
	c := fromRGB(parseHex(hex))
	if c.C < 0.002 {
		return hex
	}
	c.H = brand.H
	if brand.C < 0.02 {
		c.C = 0
	}
	return c.hex()
}

// repaint is a drawing of two colors, and what lies between them, in two others. It fails where there is anything else in it: then
// it is not the drawing that this program knows.
type repaint struct{ from, to [2]color.NRGBA }

func (r repaint) color(c color.NRGBA) (color.NRGBA, bool) {
	channel := func(c color.NRGBA) [3]float64 { return [3]float64{float64(c.R), float64(c.G), float64(c.B)} }
	at, start, end := channel(c), channel(r.from[0]), channel(r.from[1])
	along, length := 0.0, 0.0
	for i := range at {
		along += (at[i] - start[i]) * (end[i] - start[i])
		length += (end[i] - start[i]) * (end[i] - start[i])
	}
	t := min(max(along/length, 0), 1)
	off := 0.0
	mixed := [3]float64{}
	for i, from := range channel(r.to[0]) {
		off = max(off, math.Abs(start[i]+t*(end[i]-start[i])-at[i]))
		mixed[i] = math.Round(from + t*(channel(r.to[1])[i]-from))
	}
	return color.NRGBA{uint8(mixed[0]), uint8(mixed[1]), uint8(mixed[2]), c.A}, off < 24 || c.A == 0
}

var errForeign = errors.New("it holds other colors than the icon's two")

// png repaints a PNG.
func (r repaint) png(content string) (string, error) {
	old, err := png.Decode(strings.NewReader(content))
	if err != nil {
		return "", err
	}
	painted := image.NewNRGBA(old.Bounds())
	for y := old.Bounds().Min.Y; y < old.Bounds().Max.Y; y++ {
		for x := old.Bounds().Min.X; x < old.Bounds().Max.X; x++ {
			c, ours := r.color(color.NRGBAModel.Convert(old.At(x, y)).(color.NRGBA))
			if !ours {
				return "", errForeign
			}
			painted.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, paletted(painted)); err != nil {
		return "", err
	}
	return b.String(), nil
}

// paletted is the same picture with a byte for each point where its colors are few enough, which they are.
func paletted(picture *image.NRGBA) image.Image {
	index := map[color.NRGBA]uint8{}
	var palette color.Palette
	small := image.NewPaletted(picture.Bounds(), nil)
	for i := range len(small.Pix) {
		c := color.NRGBA{picture.Pix[4*i], picture.Pix[4*i+1], picture.Pix[4*i+2], picture.Pix[4*i+3]}
		n, known := index[c]
		if !known {
			if len(palette) == 256 {
				return picture
			}
			n = uint8(len(palette))
			index[c] = n
			palette = append(palette, c)
		}
		small.Pix[i] = n
	}
	small.Palette = palette
	return small
}

// ico repaints an icon file of bitmaps with a palette of 256 colors each.
func (r repaint) ico(content string) (string, error) {
	b := []byte(content)
	if len(b) < 6 || binary.LittleEndian.Uint16(b[2:]) != 1 {
		return "", errors.New("it is no icon file")
	}
	for i := range int(binary.LittleEndian.Uint16(b[4:])) {
		if len(b) < 6+16*(i+1) {
			return "", errors.New("it ends too early")
		}
		at := int(binary.LittleEndian.Uint32(b[6+16*i+12:]))
		if len(b) < at+40+4*256 || binary.LittleEndian.Uint32(b[at:]) != 40 || binary.LittleEndian.Uint16(b[at+14:]) != 8 {
			return "", errors.New("it is not made of bitmaps with a palette")
		}
		for entry := at + 40; entry < at+40+4*256; entry += 4 { // blue, green, red, nothing
			c, ours := r.color(color.NRGBA{b[entry+2], b[entry+1], b[entry], 255})
			if !ours && b[entry]|b[entry+1]|b[entry+2] != 0 { // black fills an unused entry
				return "", errForeign
			}
			b[entry], b[entry+1], b[entry+2] = c.B, c.G, c.R
		}
	}
	return string(b), nil
}
