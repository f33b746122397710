// feature:notes|profile_picture

package models

import "encoding/binary"

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
