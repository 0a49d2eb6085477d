package scpecg

import "encoding/binary"

// assemble makes a record of section bodies, nil for an absent one: headers,
// pointers and checksums (5.2, 5.3).
func assemble(sections [knownSections][]byte) []byte {
	le := binary.LittleEndian
	at := recordHeader + sectionHeader + pointerSize*knownSections
	pointers := []byte{}
	var bodies []byte
	for n, body := range sections {
		if n == 0 {
			pointers = le.AppendUint32(le.AppendUint32(le.AppendUint16(pointers, 0), uint32(at-recordHeader)), recordHeader+1)
			continue
		}
		size, index := 0, 0
		if body != nil {
			if len(body)%2 != 0 {
				body = append(body, 0)
			}
			size, index = sectionHeader+len(body), at+len(bodies)+1
			bodies = append(bodies, sealed(n, body)...)
		}
		pointers = le.AppendUint32(le.AppendUint32(le.AppendUint16(pointers, uint16(n)), uint32(size)), uint32(index))
	}
	record := append(sealed(0, pointers), bodies...)
	record = append(le.AppendUint32(nil, uint32(len(record)+recordHeader)), record...)
	return append(le.AppendUint16(nil, crcCCITT(record)), record...)
}

// sealed puts the header before the body of a section.
func sealed(number int, body []byte) []byte {
	le := binary.LittleEndian
	s := le.AppendUint32(le.AppendUint16(nil, uint16(number)), uint32(sectionHeader+len(body)))
	s = append(s, protocolVersion, protocolVersion)
	if number == sectionPointers {
		s = append(s, "SCPECG"...)
	} else {
		s = append(s, 0, 0, 0, 0, 0, 0)
	}
	s = append(s, body...)
	return append(le.AppendUint16(nil, crcCCITT(s)), s...)
}

// differences is the inverse of integrate, in new memory.
func differences(c []int16, encoding byte) []int16 {
	d := append([]int16(nil), c...)
	for k := range d {
		switch {
		case encoding == firstDifferences && k >= 1:
			d[k] = c[k] - c[k-1]
		case encoding == secondDifferences && k >= 2:
			d[k] = c[k] - 2*c[k-1] + c[k-2]
		}
	}
	return d
}

// bitWriter collects bits, the most significant of each byte first.
type bitWriter struct {
	out  []byte
	word uint64 // bits not yet in out, at the low end
	used int    // how many
}

// put appends the lowest n bits of value, at most 32.
func (b *bitWriter) put(value uint64, n int) {
	b.word = b.word<<n | value&(1<<n-1)
	b.used += n
	for b.used >= 8 {
		b.used -= 8
		b.out = append(b.out, byte(b.word>>b.used))
	}
}

// even returns the bytes, filled up with zeros to an even number.
func (b *bitWriter) even() []byte {
	if b.used > 0 {
		b.put(0, 8-b.used)
	}
	if len(b.out)%2 != 0 {
		return append(b.out, 0)
	}
	return b.out
}
