// feature:notes|profile_picture

package models

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxPicture is the largest file that is taken as a picture, in bytes.
	MaxPicture = 8 << 20
	// maxPixels is the largest picture that is decoded. A file of a few kilobytes can say that it is any size.
	maxPixels = 50_000_000
	// maxSide is the longest edge that is decoded, in pixels.
	maxSide = 20_000
	// maxMemory is how many bytes decoding may take. It has room for 24 megapixels of a progressive JPEG with the usual 4:2:0 sampling, and
	// of a PNG with 16 bits.
	maxMemory = 200_000_000
	// maxDecoding is how long one picture may take.
	maxDecoding = 10 * time.Second
	// maxWaiting is how many pictures may wait for their turn before others are asked to come back later, and maxWait for how long.
	maxWaiting = 16
	maxWait    = 30 * time.Second
	// maxWaitingOwn is how many pictures of one user may wait. Only one of them
	// is in the queue of all.
	maxWaitingOwn = 3
)

// The answers to what is no picture that can be taken.
const (
	noPicture      = "Choose a PNG, JPEG or GIF picture."
	hugeFile       = "Choose a picture of at most 8 MB."
	hugePicture    = "Choose a picture of at most 50 megapixels."
	costlyPicture  = "This picture takes too much memory to read. Save it in a smaller size, or as a JPEG that isn't progressive."
	damagedPicture = "The picture is damaged or takes too long to read. Choose another one."
)

// Pictures makes pictures out of uploads, one at a time, since each may take maxMemory while it is decoded. The zero value is ready.
type Pictures struct {
	once    sync.Once
	turns   *turns // with one place, for what is decoded
	waiting atomic.Int32

	patience time.Duration // for one picture; 0 is maxDecoding
}

// Picture is made anew from what was uploaded: nothing of the file itself is kept, neither where it was taken nor what else hides in
// it.
type Picture struct {
	MediaType string // "image/png" or "image/jpeg"
	Width     int    // in pixels, as Height
	Height    int
	Data      []byte
}

// A Fit is how much of a picture is kept, and in what size.
type Fit func(image.Image) *image.RGBA

// Within keeps the whole picture, its longer edge being at most so many pixels.
func Within(edge int) Fit {
	return func(from image.Image) *image.RGBA { return shrink(from, edge) }
}

// Square keeps the largest square in the middle, its edges being at most so many pixels.
func Square(edge int) Fit {
	return func(from image.Image) *image.RGBA {
		all := from.Bounds()
		side := min(all.Dx(), all.Dy())
		corner := all.Min.Add(image.Pt((all.Dx()-side)/2, (all.Dy()-side)/2))
		if part, ok := from.(interface {
			SubImage(image.Rectangle) image.Image
		}); ok { // so are all that the decoders make
			from = part.SubImage(image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))})
		}
		return shrink(from, edge)
	}
}

// Make makes pictures out of an uploaded file, one for each fit. upload is nil where none was chosen. The error is an Invalid, which
// says of field what is wrong, or ErrBusy.
func (p *Pictures) Make(ctx context.Context, user *User, field string, upload *multipart.FileHeader, fits ...Fit) ([]Picture, error) {
	switch {
	case upload == nil:
		return nil, Invalid{field: noPicture}
	case upload.Size > MaxPicture:
		return nil, Invalid{field: hugeFile}
	}
	end, err := p.begin(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	defer end()
	file, err := upload.Open()
	if err != nil {
		return nil, fmt.Errorf("open the upload: %w", err)
	}
	defer file.Close()
	data := make([]byte, upload.Size)
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("read the upload: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.patience, maxDecoding))
	defer cancel()
	made, err := makePictures(ctx, data, fits)
	if problem, ok := errors.AsType[unreadable](err); ok {
		return nil, Invalid{field: string(problem)}
	}
	return made, err
}

// begin waits for the turn of a user's picture. end lets the next one begin, and
// first gives what was decoded back to the system: the collector alone would let
// it lie until several times as much has come together.
func (p *Pictures) begin(request context.Context, userID string) (end func(), err error) {
	p.once.Do(func() { p.turns = newTurns(1, maxWaitingOwn) })
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > maxWaiting {
		return nil, ErrBusy
	}
	ctx, cancel := context.WithTimeout(request, maxWait)
	defer cancel()
	leave, err := p.turns.enter(ctx, userID)
	switch {
	case err == nil:
		return func() {
			debug.FreeOSMemory()
			leave()
		}, nil
	case request.Err() == nil:
		return nil, ErrBusy
	}
	return nil, request.Err()
}

// unreadable says what is wrong with a file.
type unreadable string

func (u unreadable) Error() string { return string(u) }

// makePictures decodes a file once and makes the pictures from it. The error may be unreadable.
func makePictures(ctx context.Context, data []byte, fits []Fit) (made []Picture, err error) {
	file, err := inspect(data)
	if err != nil {
		return nil, err
	}
	decoded, err := file.decode(ctx)
	if err != nil || decoded.Bounds().Empty() {
		return nil, unreadable(damagedPicture)
	}
	profile := readProfile(file.profile)
	for _, fit := range fits {
		picture, err := encode(upright(profile.toSRGB(fit(decoded)), file.orientation))
		if err != nil {
			return nil, err
		}
		made = append(made, picture)
	}
	return made, nil
}

// source is a file that can be decoded within the bounds.
type source struct {
	memory      int64 // what decoding allocates at most, in bytes
	decode      func(context.Context) (image.Image, error)
	orientation int
	profile     []byte
}

// inspect tells what a file is, and how much decoding it takes, from its header and without decoding it. What kind of picture a file is shows
// in its content; its name and the type that the browser tells are the sender's to choose. The error is unreadable.
func inspect(data []byte) (source, error) {
	file := source{orientation: 1}
	read := func(decode func(io.Reader) (image.Image, error)) func(context.Context) (image.Image, error) {
		return func(ctx context.Context) (image.Image, error) {
			return decode(boundReader{ctx, bytes.NewReader(data)})
		}
	}
	var size image.Config
	var err error
	switch http.DetectContentType(data[:min(512, len(data))]) {
	case "image/png":
		size, err = png.DecodeConfig(bytes.NewReader(data))
		file.decode, file.profile = read(png.Decode), pngProfile(data)
		if err == nil {
			file.memory = pngMemory(data, size)
		}
	case "image/jpeg":
		size, err = jpeg.DecodeConfig(bytes.NewReader(data))
		segments := readJPEG(data)
		file = source{segments.memory, segments.decode, segments.orientation, segments.profile}
		if segments.scans > maxScans {
			err = unreadable(damagedPicture)
		}
	case "image/gif":
		size, err = gif.DecodeConfig(bytes.NewReader(data))
		file.decode = read(gif.Decode) // its first frame
		file.memory = 2 * pixels(size) // which is put in order if it is interlaced
	default:
		return file, unreadable(noPicture)
	}
	switch {
	case err != nil:
		return file, unreadable(damagedPicture)
	case max(size.Width, size.Height) > maxSide, pixels(size) > maxPixels:
		return file, unreadable(hugePicture)
	case file.memory > min(maxMemory, debug.SetMemoryLimit(-1)/2): // which leaves the limit as it is
		return file, unreadable(costlyPicture)
	}
	return file, nil
}

func pixels(size image.Config) int64 { return int64(size.Width) * int64(size.Height) }

// pngMemory is what image/png allocates, in bytes: by the depth and the color type in the header, and twice as much for a picture that is
// interlaced.
func pngMemory(data []byte, size image.Config) int64 {
	const depth, colorType, interlace, palette = 24, 25, 28, 3
	memory := 4 * pixels(size)
	switch {
	case data[colorType] == palette:
		memory = pixels(size)
	case data[depth] == 16:
		memory = 8 * pixels(size)
	}
	if data[interlace] != 0 {
		memory *= 2
	}
	return memory
}

// boundReader reads until ctx ends, which is how a decoder can be stopped.
type boundReader struct {
	ctx  context.Context
	file io.Reader
}

func (r boundReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.file.Read(b)
}

// shrink makes a picture of at most so many pixels to a side, each the mean of those it stands for.
func shrink(from image.Image, edge int) *image.RGBA {
	size := from.Bounds().Size()
	longer := max(size.X, size.Y, edge)
	to := image.NewRGBA(image.Rect(0, 0, max(1, size.X*edge/longer), max(1, size.Y*edge/longer)))
	strip := image.NewRGBA(image.Rect(0, 0, size.X, size.Y/to.Rect.Dy()+1)) // the rows of one, since the whole would take as much again
	for y := range to.Rect.Dy() {
		top, bottom := y*size.Y/to.Rect.Dy(), (y+1)*size.Y/to.Rect.Dy()
		draw.Draw(strip, image.Rect(0, 0, size.X, bottom-top), from, from.Bounds().Min.Add(image.Pt(0, top)), draw.Src)
		for x := range to.Rect.Dx() {
			to.SetRGBA(x, y, mean(strip, x*size.X/to.Rect.Dx(), (x+1)*size.X/to.Rect.Dx(), bottom-top))
		}
	}
	return to
}

func mean(strip *image.RGBA, left, right, rows int) color.RGBA {
	var r, g, b, a, n uint64
	for y := range rows {
		for i := strip.PixOffset(left, y); i < strip.PixOffset(right, y); i += 4 {
			r, g, b, a, n = r+uint64(strip.Pix[i]), g+uint64(strip.Pix[i+1]), b+uint64(strip.Pix[i+2]), a+uint64(strip.Pix[i+3]), n+1
		}
	}
	return color.RGBA{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((b + n/2) / n), uint8((a + n/2) / n)}
}

// upright turns a picture as a camera says that it was held (Exif 2.32, tag 0x0112): 2 to 4 mirror and turn it around, from 5 on
// its axes change places.
func upright(from *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return from
	}
	width, height := from.Rect.Dx(), from.Rect.Dy()
	to := image.NewRGBA(from.Rect)
	if orientation >= 5 {
		to = image.NewRGBA(image.Rect(0, 0, height, width))
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			u, v := x, y
			if orientation >= 5 {
				u, v = y, x
			}
			if orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 {
				u = width - 1 - u
			}
			if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 {
				v = height - 1 - v
			}
			to.SetRGBA(x, y, from.RGBAAt(u, v))
		}
	}
	return to
}

// encode writes a picture in which one can see through as PNG and any other as JPEG.
func encode(picture *image.RGBA) (Picture, error) {
	made := Picture{MediaType: "image/jpeg", Width: picture.Rect.Dx(), Height: picture.Rect.Dy()}
	var data bytes.Buffer
	var err error
	if picture.Opaque() {
		err = jpeg.Encode(&data, picture, &jpeg.Options{Quality: 85})
	} else {
		made.MediaType = "image/png"
		err = png.Encode(&data, picture)
	}
	if err != nil {
		return Picture{}, fmt.Errorf("encode the picture: %w", err)
	}
	made.Data = data.Bytes()
	return made, nil
}
