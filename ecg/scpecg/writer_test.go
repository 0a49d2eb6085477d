package scpecg

import (
	"encoding/binary"
	"math/bits"
)

// writer makes SCP-ECG records that no sample has: custom Huffman tables with
// switches, reference beat subtraction, bimodal compression, odd texts.
type writer struct {
	leads      []lead
	subtracted bool
	tables     [][]code // nil: no section 2; one empty table: the default one
	encoding   byte
	bimodal    bool
	nanovolts  uint16
	intervalUS uint16    // of section 6
	counts     [][]int16 // as stored, before differences
	beatUS     uint16
	beatMS     uint16
	beatCounts [][]int16
	fiducial   uint16
	complexes  []complex4
	patient    []byte
}

func newWriter(leads int) *writer {
	w := &writer{nanovolts: 2500, intervalUS: 2000, beatUS: 2000, patient: []byte{255, 0, 0}}
	for i := range leads {
		w.leads = append(w.leads, lead{id: byte(i + 1), first: 1, last: 1000})
		samples := make([]int16, 1000)
		for k := range samples {
			samples[k] = int16((k*k*7+i*31)%41 - 20)
			if k%100 == 50 {
				samples[k] = int16(800 - 300*i)
			}
		}
		w.counts = append(w.counts, samples)
	}
	return w
}

func (w *writer) bytes() []byte {
	sections := [knownSections][]byte{1: w.patient, 3: w.leadSection(), 6: w.block(w.counts, w.intervalUS)}
	if w.tables != nil {
		sections[2] = w.huffmanSection()
	}
	if w.beatCounts != nil {
		sections[4], sections[5] = w.qrsSection(), w.block(w.beatCounts, w.beatUS)
	}
	return assemble(sections)
}

// assemble adds headers, pointers and checksums.
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

func sealed(number int, body []byte) []byte {
	le := binary.LittleEndian
	s := le.AppendUint32(le.AppendUint16(nil, uint16(number)), uint32(sectionHeader+len(body)))
	s = append(s, 20, 20)
	if number == 0 {
		s = append(s, "SCPECG"...)
	} else {
		s = append(s, 0, 0, 0, 0, 0, 0)
	}
	s = append(s, body...)
	return append(le.AppendUint16(nil, crcCCITT(s)), s...)
}

func (w *writer) leadSection() []byte {
	le := binary.LittleEndian
	flags := byte(len(w.leads))<<3 | 4
	if w.subtracted {
		flags |= 1
	}
	s := []byte{byte(len(w.leads)), flags}
	for _, l := range w.leads {
		s = append(le.AppendUint32(le.AppendUint32(s, uint32(l.first)), uint32(l.last)), l.id)
	}
	return s
}

func (w *writer) huffmanSection() []byte {
	le := binary.LittleEndian
	if len(w.tables) == 1 && len(w.tables[0]) == 0 {
		return le.AppendUint16(nil, defaultTables)
	}
	s := le.AppendUint16(nil, uint16(len(w.tables)))
	for _, codes := range w.tables {
		s = le.AppendUint16(s, uint16(len(codes)))
		for _, k := range codes {
			mode, value := byte(1), k.value
			if k.toTable {
				mode, value = 0, value+1
			}
			s = append(s, k.prefixBits, k.prefixBits+k.literalBits, mode)
			s = le.AppendUint16(s, uint16(value))
			s = le.AppendUint32(s, bits.Reverse32(k.prefix<<(32-k.prefixBits)))
		}
	}
	return s
}

func (w *writer) qrsSection() []byte {
	le := binary.LittleEndian
	s := le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, w.beatMS), w.fiducial), uint16(len(w.complexes)))
	for _, q := range w.complexes {
		s = le.AppendUint16(s, q.kind)
		for _, n := range []int64{q.start, q.fiducial, q.end} {
			s = le.AppendUint32(s, uint32(n))
		}
	}
	for _, q := range w.complexes {
		s = le.AppendUint32(le.AppendUint32(s, uint32(q.protectStart)), uint32(q.protectEnd))
	}
	return s
}

func (w *writer) block(counts [][]int16, interval uint16) []byte {
	le := binary.LittleEndian
	s := append(le.AppendUint16(le.AppendUint16(nil, w.nanovolts), interval), w.encoding, 0)
	if w.bimodal {
		s[5] = 1
	}
	var data []byte
	for _, c := range counts {
		d := w.encode(differences(c, w.encoding))
		s = le.AppendUint16(s, uint16(len(d)))
		data = append(data, d...)
	}
	return append(s, data...)
}

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

// encode writes each value with the first code that can say it, in the current
// table; before every eighth value it switches table if the table has a switch.
func (w *writer) encode(values []int16) []byte {
	if w.tables == nil {
		var out []byte
		for _, v := range values {
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		}
		return out
	}
	tables := w.tables
	if len(tables[0]) == 0 {
		tables = [][]code{defaultCodes()}
	}
	var out bitWriter
	current := 0
	for n, v := range values {
		if n%8 == 7 {
			for _, k := range tables[current] {
				if k.toTable {
					out.put(uint64(k.prefix), int(k.prefixBits))
					current = int(k.value) % len(tables)
					break
				}
			}
		}
		for _, k := range tables[current] {
			limit := int16(1) << max(int(k.literalBits)-1, 0)
			fits := k.literalBits == 16 || k.literalBits > 0 && v >= -limit && v < limit
			if k.toTable || !fits && (k.literalBits > 0 || k.value != v) {
				continue
			}
			out.put(uint64(k.prefix), int(k.prefixBits))
			out.put(uint64(uint16(v))&(1<<k.literalBits-1), int(k.literalBits))
			break
		}
	}
	return out.even()
}

type bitWriter struct {
	out  []byte
	used int
}

func (b *bitWriter) put(value uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		if b.used%8 == 0 {
			b.out = append(b.out, 0)
		}
		b.out[b.used/8] |= byte(value>>i&1) << (7 - b.used%8)
		b.used++
	}
}

func (b *bitWriter) even() []byte {
	if len(b.out)%2 != 0 {
		return append(b.out, 0)
	}
	return b.out
}
