// feature:notes|profile_picture

package models

import (
	"bufio"
	"encoding/binary"
	"io"
)

// orientation is how a JPEG says that the camera was held, 1 to 8, and 1 for every other file. Making the picture anew loses what
// tells browsers to turn it, so that is done before.
func orientation(file io.Reader) int {
	r := bufio.NewReader(file)
	if head, err := r.Peek(2); err != nil || head[0] != 0xff || head[1] != 0xd8 {
		return 1
	}
	r.Discard(2)
	for {
		// A segment: FF, its marker, and its length with the two bytes that tell it.
		head, err := r.Peek(4)
		if err != nil || head[0] != 0xff || head[1] == 0xda {
			return 1 // the pixels begin
		}
		marker, length := head[1], int(binary.BigEndian.Uint16(head[2:]))-2
		r.Discard(4)
		if length < 0 {
			return 1
		}
		segment := make([]byte, length)
		if _, err := io.ReadFull(r, segment); err != nil {
			return 1
		}
		if marker == 0xe1 && len(segment) > 14 && string(segment[:6]) == "Exif\x00\x00" {
			return exifOrientation(segment[6:])
		}
	}
}

// exifOrientation looks for tag 0x0112 in the first directory of a TIFF structure.
func exifOrientation(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	directory := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(directory) < 12 {
			return 1
		}
		if order.Uint16(directory) == 0x0112 {
			return int(order.Uint16(directory[8:]))
		}
		directory = directory[12:]
	}
	return 1
}
