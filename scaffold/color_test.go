package main

import (
	"math"
	"testing"
)

func TestAColorIsReadAsCSSReadsIt(t *testing.T) {
	for written, want := range map[string]string{
		"#0a7ea4": "#0a7ea4", "#07A": "#0077aa", "rgb(10 126 164)": "#0a7ea4", "rgb(10, 126, 164)": "#0a7ea4", "#000": "#000000", "#ffffff": "#ffffff",
		"oklch(0.628 0.2577 29.23)": "#ff0000", "oklch(86.644% 0.2948 142.5)": "#00ff00", "oklch(0.452 0.3131 264.05)": "#0000ff",
	} {
		if c, err := parseColor(written); err != nil || distance(c.hex(), want) > 2 {
			t.Errorf("%s is %s, not %s (%v)", written, c.hex(), want, err)
		}
	}
	for _, written := range []string{"", "blue", "#12", "#12345", "#12345g", "rgb(1 2)", "rgb(256 0 0)", "oklch(2 0.1 10)", "oklch(0.5 0.1 400)", "#fff;}"} {
		if c, err := parseColor(written); err == nil {
			t.Errorf("%q is %v", written, c)
		}
	}
}

// The tokens keep these lightnesses whatever the hue; WCAG 1.4.3 asks for 4.5:1.
func TestTheTokensAreLegibleInEveryHue(t *testing.T) {
	for hue := range 360 {
		primary, onDark := oklch{0.48, 0.18, float64(hue)}.hex(), oklch{0.82, 0.13, float64(hue)}.hex()
		if c := contrast(primary, "#ffffff"); c < 4.5 {
			t.Errorf("at %d white on the light theme's accent has %.2f", hue, c)
		}
		if c := contrast(onDark, oklch{0.19, 0.03, float64(hue)}.hex()); c < 4.5 {
			t.Errorf("at %d the dark theme's accent has %.2f", hue, c)
		}
		if hex, _ := (oklch{0.9, 0.1, float64(hue)}).legible(); contrast(hex, "#ffffff") < 4.5 {
			t.Errorf("at %d mail has %s", hue, hex)
		}
	}
}

func TestATintKeepsItsLightness(t *testing.T) {
	for _, brand := range []oklch{{0.6, 0.1, 20}, {0.6, 0.1, 260}, {0.5, 0, 0}} {
		tint := tinted("#0c1110", brand)
		if d := fromRGB(parseHex(tint)).L - fromRGB(parseHex("#0c1110")).L; math.Abs(d) > 0.01 {
			t.Errorf("%s is lighter by %f", tint, d)
		}
	}
	if got := tinted("#fefefe", oklch{0.6, 0.2, 30}); got != "#fefefe" {
		t.Errorf("white became %s", got)
	}
}

func distance(a, b string) (most float64) {
	ar, ag, ab := parseHex(a)
	br, bg, bb := parseHex(b)
	for _, d := range []float64{ar - br, ag - bg, ab - bb} {
		most = max(most, math.Abs(d)*255)
	}
	return most
}
