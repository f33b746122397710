// feature:notes|profile_picture

package models

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"mime/multipart"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"
)

// flatJPEG is a gray JPEG of any size in few bytes: each block is one bit, or two. sampling has a byte for each component, 0x22 for two
// by two blocks in a unit.
func flatJPEG(width, height int, progressive bool, restart int, scans int, sampling ...byte) []byte {
	segment := func(marker byte, content ...byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2)), content...)
	}
	file := []byte{0xff, 0xd8}
	if len(sampling) == 4 {
		file = append(file, segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...)...)
	}
	file = append(file, segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)...)
	frame := binary.BigEndian.AppendUint16([]byte{8}, uint16(height))
	frame = append(binary.BigEndian.AppendUint16(frame, uint16(width)), byte(len(sampling)))
	scan, blocks := []byte{byte(len(sampling))}, 0
	for i, hv := range sampling {
		frame, scan = append(frame, byte(i+1), hv, 0), append(scan, byte(i+1), 0)
		blocks += int(hv>>4) * int(hv&15)
	}
	across, down := 8*int(sampling[0]>>4), 8*int(sampling[0]&15)
	units := ((width + across - 1) / across) * ((height + down - 1) / down)
	kind, last, bits := byte(0xc0), byte(63), 2*blocks
	if progressive {
		kind, last, bits = 0xc2, 0, blocks
	}
	file = append(file, segment(kind, frame...)...)
	for _, table := range []byte{0x00, 0x10} { // the one code, a zero, is the symbol 0
		file = append(file, segment(0xc4, append(append([]byte{table, 1}, make([]byte, 15)...), 0)...)...)
	}
	if restart > 0 {
		file = append(file, segment(0xdd, byte(restart>>8), byte(restart))...)
	}
	for range scans {
		file = append(file, segment(0xda, append(scan, 0, last, 0)...)...)
		for i, left := 0, units; left > 0; i++ {
			n := left
			if restart > 0 {
				n = min(restart, left)
			}
			file = append(file, make([]byte, (n*bits+7)/8)...)
			if left -= n; left > 0 {
				file = append(file, 0xff, 0xd0+byte(i%8))
			}
		}
	}
	return append(file, 0xff, 0xd9)
}

// flatPNG is a black PNG with these bytes for a pixel.
func flatPNG(width, height, bytesPerPixel int, depth, colorType, interlace byte) []byte {
	file := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, content []byte) {
		file = binary.BigEndian.AppendUint32(file, uint32(len(content)))
		file = append(append(file, kind...), content...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(append([]byte(kind), content...)))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	chunk("IHDR", append(header, depth, colorType, 0, 0, interlace))
	var pixels bytes.Buffer
	w, _ := zlib.NewWriterLevel(&pixels, zlib.BestSpeed)
	row := make([]byte, 1+width*bytesPerPixel)
	for range height {
		w.Write(row)
	}
	w.Close()
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return file
}

func TestPicture_IsRefusedBeforeItTakesTooMuchMemory(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"a photo of a phone", flatJPEG(5712, 4284, false, 0, 1, 0x22, 0x11, 0x11), ""},
		{"the same, progressive", flatJPEG(5712, 4284, true, 0, 1, 0x22, 0x11, 0x11), ""},
		{"progressive CMYK", flatJPEG(6000, 4000, true, 0, 1, 0x11, 0x11, 0x11, 0x11), costlyPicture},
		{"CMYK", flatJPEG(6000, 4000, false, 0, 1, 0x11, 0x11, 0x11, 0x11), ""},
		{"progressive without subsampling", flatJPEG(6000, 4000, true, 0, 1, 0x11, 0x11, 0x11), costlyPicture},
		{"a phone's largest", flatJPEG(8160, 6120, false, 0, 1, 0x22, 0x11, 0x11), ""},
		{"more pixels", flatJPEG(8200, 6120, false, 0, 1, 0x22, 0x11, 0x11), hugePicture},
		{"many scans", flatJPEG(64, 64, true, 0, maxScans+1, 0x11), damagedPicture},
		{"16 bits", flatPNG(6000, 4000, 0, 16, 2, 0), ""},
		{"16 bits, interlaced", flatPNG(6000, 4000, 0, 16, 2, 1), costlyPicture},
		{"16 bits and more pixels", flatPNG(7000, 4000, 0, 16, 6, 0), costlyPicture},
		{"8 bits", flatPNG(7000, 7000, 0, 8, 0, 0), ""},
	} {
		_, err := inspect(c.file)
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// uploaded is a file as a form brings it.
func uploaded(t *testing.T, content []byte) *multipart.FileHeader {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("picture", "picture")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(content)
	w.Close()
	r := httptest.NewRequest("POST", "/", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	return r.MultipartForm.File["picture"][0]
}

// The bound on memory is worth as much as the count of what the decoders allocate.
func TestPicture_NeedsNoMoreMemoryThanIsCounted(t *testing.T) {
	for name, data := range map[string][]byte{
		"progressive CMYK":   flatJPEG(1200, 800, true, 0, 1, 0x11, 0x11, 0x11, 0x11),
		"CMYK":               flatJPEG(1200, 800, false, 0, 1, 0x22, 0x11, 0x11, 0x22),
		"progressive":        flatJPEG(1200, 800, true, 0, 3, 0x22, 0x11, 0x11),
		"4:1:1":              flatJPEG(1200, 800, false, 0, 1, 0x41, 0x11, 0x11),
		"gray":               flatJPEG(1200, 800, true, 0, 1, 0x22),
		"16 bits":            flatPNG(1200, 800, 6, 16, 2, 0),
		"8 bits with alpha":  flatPNG(1200, 800, 4, 8, 6, 0),
		"8 bits":             flatPNG(1200, 800, 3, 8, 2, 0),
		"16 bits, in gray":   flatPNG(1200, 800, 2, 16, 0, 0),
		"16 bits with alpha": flatPNG(1200, 800, 8, 16, 6, 0),
	} {
		file, err := inspect(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := file.decode(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		got := int64(after.TotalAlloc - before.TotalAlloc)
		if room := int64(256 << 10); got > file.memory+room {
			t.Errorf("%s: decoding allocates %d bytes, and %d are counted", name, got, file.memory)
		}
	}
}

// A request that has ended leaves the queue, and the queue is not endless: a picture that takes long must not hold those of others.
func TestPictures_LeaveTheQueueWithTheirRequest(t *testing.T) {
	var p Pictures
	end, err := p.begin(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := p.begin(gone, "grace"); err != context.Canceled {
		t.Errorf("a request that has ended: got %v, want %v", err, context.Canceled)
	}
	p.waiting.Store(maxWaiting)
	if _, err := p.begin(t.Context(), "grace"); err != ErrBusy {
		t.Errorf("with %d waiting: got %v, want %v", maxWaiting, err, ErrBusy)
	}
	if got := p.waiting.Load(); got != maxWaiting {
		t.Errorf("%d wait, want %d", got, maxWaiting)
	}
	p.waiting.Store(0)
	end()
	next, err := p.begin(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	next()
}

// A user who sends many slow pictures at once must not keep others from sending
// one (ASVS 15.2.2).
func TestPictures_OfOneUserLeaveTheOthersATurn(t *testing.T) {
	var p Pictures
	end, err := p.begin(t.Context(), "mallory")
	if err != nil {
		t.Fatal(err)
	}
	began, refused := make(chan string, maxWaiting+1), make(chan error, maxWaiting)
	begin := func(user string) {
		end, err := p.begin(t.Context(), user)
		if err != nil {
			refused <- err
			return
		}
		began <- user
		end()
	}
	for range maxWaiting {
		go begin("mallory")
	}
	for range maxWaiting - maxWaitingOwn {
		if err := <-refused; err != ErrBusy {
			t.Errorf("got %v, want %v", err, ErrBusy)
		}
	}
	go begin("ada")
	for p.waiting.Load() <= maxWaitingOwn {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // for Ada to be in the queue
	end()
	if got := <-began; got != "ada" {
		t.Errorf("got the turn of %s, want ada's", got)
	}
}

// pictureOf makes one picture of a file and returns what is seen.
func pictureOf(t *testing.T, file []byte) image.Image {
	t.Helper()
	made, err := makePictures(t.Context(), file, []Fit{Within(1600)})
	if err != nil {
		t.Fatal(err)
	}
	decoded, _, err := image.Decode(bytes.NewReader(made[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestPicture_IsKeptWhenTheEndOfTheFileIsMissing(t *testing.T) {
	from := image.NewRGBA(image.Rect(0, 0, 160, 160))
	for i := range 160 * 160 {
		from.SetRGBA(i%160, i/160, color.RGBA{R: 200, G: uint8(i / 160), B: 30, A: 255})
	}
	var whole bytes.Buffer
	if err := jpeg.Encode(&whole, from, nil); err != nil {
		t.Fatal(err)
	}
	file := whole.Bytes()
	for _, missing := range []int{1, 2, 3, 20, len(file) / 4} {
		seen := pictureOf(t, file[:len(file)-missing])
		if r, g, b, _ := seen.At(20, 20).RGBA(); seen.Bounds().Dy() != 160 || r>>8 < 180 || g>>8 > 50 || b>>8 > 60 {
			t.Errorf("without %d bytes: got %v of %v", missing, seen.At(20, 20), seen.Bounds())
		}
	}
	for name, file := range map[string][]byte{
		"restart markers":  flatJPEG(200, 200, false, 3, 1, 0x22, 0x11, 0x11),
		"one long scan":    flatJPEG(200, 200, false, 0, 1, 0x11, 0x11, 0x11),
		"a first scan":     flatJPEG(200, 200, true, 0, 1, 0x22, 0x11, 0x11),
		"a second scan":    flatJPEG(200, 200, true, 0, 2, 0x22, 0x11, 0x11),
		"the gray of CMYK": flatJPEG(200, 200, false, 5, 1, 0x11, 0x11, 0x11, 0x11),
	} {
		pictureOf(t, file[:len(file)-len(file)/20])
		if _, err := makePictures(t.Context(), file[:60], []Fit{Within(10)}); err != unreadable(damagedPicture) {
			t.Errorf("%s, of which nothing is there: got %v, want %v", name, err, damagedPicture)
		}
	}
}

// profileOf is an ICC profile with these primaries and this curve.
func profileOf(primaries [3][3]float64, curve []byte) []byte {
	table, data := []byte{}, []byte{}
	add := func(name string, content []byte) {
		table = append(table, name...)
		table = binary.BigEndian.AppendUint32(table, uint32(132+6*12+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(content)))
		data = append(data, content...)
	}
	for i, channel := range []string{"r", "g", "b"} {
		xyz := []byte("XYZ \x00\x00\x00\x00")
		for _, value := range primaries[i] {
			xyz = fixedNumber(xyz, value)
		}
		add(channel+"XYZ", xyz)
		add(channel+"TRC", curve)
	}
	profile := append(make([]byte, 128), 0, 0, 0, 6)
	copy(profile[12:], "mntrRGB XYZ ")
	return append(append(profile, table...), data...)
}

func fixedNumber(to []byte, value float64) []byte {
	return binary.BigEndian.AppendUint32(to, uint32(int32(math.Round(value*65536))))
}

// withProfile puts a profile into a JPEG.
func withProfile(file, profile []byte) []byte {
	segment := append([]byte("ICC_PROFILE\x00\x01\x01"), profile...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe2}, uint16(len(segment)+2))
	return append(append(head, segment...), file[2:]...)
}

// The colors that are wanted are those that Little CMS 2.14 makes of the same profiles.
func TestPicture_HasTheColorsOfItsProfile(t *testing.T) {
	var srgbCurve []byte
	for _, value := range []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045} {
		srgbCurve = fixedNumber(srgbCurve, value)
	}
	srgbCurve = append([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), srgbCurve...)
	displayP3 := profileOf([3][3]float64{{0.51512, 0.2412, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.1571, 0.06657, 0.78407}}, srgbCurve)
	adobe := profileOf([3][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}},
		[]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33"))
	for _, c := range []struct {
		profile    []byte
		from, want color.RGBA
	}{
		{displayP3, color.RGBA{200, 80, 60, 255}, color.RGBA{216, 69, 50, 255}},
		{displayP3, color.RGBA{60, 180, 90, 255}, color.RGBA{0, 183, 78, 255}},
		{displayP3, color.RGBA{128, 128, 128, 255}, color.RGBA{128, 128, 128, 255}},
		{adobe, color.RGBA{200, 80, 60, 255}, color.RGBA{230, 79, 56, 255}},
		{adobe, color.RGBA{40, 70, 200, 255}, color.RGBA{2, 68, 205, 255}},
		{nil, color.RGBA{40, 70, 200, 255}, color.RGBA{40, 70, 200, 255}},
		{displayP3[:200], color.RGBA{40, 70, 200, 255}, color.RGBA{40, 70, 200, 255}},
	} {
		flat := image.NewRGBA(image.Rect(0, 0, 32, 32))
		for i := range 32 * 32 {
			flat.SetRGBA(i%32, i/32, c.from)
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, flat, &jpeg.Options{Quality: 100}); err != nil {
			t.Fatal(err)
		}
		got := color.RGBAModel.Convert(pictureOf(t, withProfile(file.Bytes(), c.profile)).At(16, 16)).(color.RGBA)
		for _, d := range []int{int(got.R) - int(c.want.R), int(got.G) - int(c.want.G), int(got.B) - int(c.want.B)} {
			if max(d, -d) > 4 { // what two JPEGs lose
				t.Errorf("%v: got %v, want %v", c.from, got, c.want)
				break
			}
		}
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(flatJPEG(40, 40, true, 2, 2, 0x22, 0x11, 0x11))
	f.Add(withProfile(flatJPEG(40, 40, false, 0, 1, 0x11), profileOf([3][3]float64{}, []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00"))))
	f.Add(flatPNG(4, 4, 4, 8, 6, 0))
	f.Add([]byte("\xff\xd8\xff\xc2\x00\x08\x08\x00\x01\x00\x01\x00\xff")) // a frame without components
	f.Fuzz(func(t *testing.T, data []byte) {
		if made, err := makePictures(t.Context(), data, []Fit{Within(8)}); err == nil && len(made) != 1 {
			t.Errorf("got %d pictures, want 1", len(made))
		}
	})
}
