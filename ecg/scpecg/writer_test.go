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
