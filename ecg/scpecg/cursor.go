package scpecg

import "encoding/binary"

// cursor reads little-endian numbers. Past the end it returns zeros and sets
// short, so that a caller checks once for a whole structure.
type cursor struct {
	data  []byte
	at    int
	short bool
}

func (c *cursor) left() int { return len(c.data) - c.at }

// take returns the next n bytes, nil if there are fewer.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > c.left() {
		c.short = true
		return nil
	}
	c.at += n
	return c.data[c.at-n : c.at]
}

func (c *cursor) u8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// crcCCITT is the checksum of records and sections: polynomial x¹⁶+x¹²+x⁵+1,
// start value FFFF (ISO 11073-91064:2009 5.1).
func crcCCITT(data []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range data {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^b]
	}
	return crc
}

var crcTable = makeCRCTable()

func makeCRCTable() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}
