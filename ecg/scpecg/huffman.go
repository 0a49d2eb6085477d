package scpecg

import (
	"encoding/binary"
	"math/bits"
)

// defaultTables in section 2 means the one table of the standard's annex.
const defaultTables = 19999

// Bounds on section 2: no known writer comes near.
const (
	maxTables     = 64
	maxStructures = 4096
	maxPrefix     = 32
	maxLiteral    = 16
)

// directBits is how many bits of input pick an entry directly; the default
// table has no longer prefix.
const directBits = 10

// code is one code structure of section 2: prefix is the first prefixBits of
// the input, most significant bit first.
type code struct {
	prefix      uint32
	prefixBits  uint8
	literalBits uint8 // bits of a two's complement sample after the prefix
	toTable     bool  // value is the zero-based table to go on with, no sample
	value       int16
}

// table decodes one Huffman table. direct has an entry for each value of the
// next directBits bits; a zero prefixBits there means: look in long.
type table struct {
	direct [1 << directBits]code
	long   []code
}

// defaultCodes is the table of ISO 11073-91064:2009 annex C: values 0 to ±8,
// then 8-bit and 16-bit literals.
func defaultCodes() []code {
	codes := []code{{prefix: 0, prefixBits: 1}}
	for v := int16(1); v <= 8; v++ {
		ones := uint32(1)<<v - 1
		codes = append(codes,
			code{prefix: ones << 2, prefixBits: uint8(v) + 2, value: v},
			code{prefix: ones<<2 | 1, prefixBits: uint8(v) + 2, value: -v})
	}
	return append(codes,
		code{prefix: 0x3FE, prefixBits: 10, literalBits: 8},
		code{prefix: 0x3FF, prefixBits: 10, literalBits: 16})
}

// readTables returns the Huffman tables of section 2, none if samples are plain
// 16-bit numbers because the section is absent or lists no table (5.5).
func (s *section) readTables() ([]table, error) {
	if s.body == nil {
		return nil, nil
	}
	c := cursor{data: s.body}
	count := int(c.u16())
	switch {
	case c.short:
		return nil, s.fail(0, "no number of Huffman tables")
	case count == 0:
		return nil, nil
	case count == defaultTables:
		tables := make([]table, 1)
		return tables, tables[0].fill(s, 0, defaultCodes(), 1)
	case count > maxTables:
		return nil, s.fail(0, "%d Huffman tables, at most %d are read", count, maxTables)
	}
	tables := make([]table, count)
	for i := range tables {
		at := c.at
		codes, err := s.readCodes(&c)
		if err != nil {
			return nil, err
		}
		if err := tables[i].fill(s, at, codes, count); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// readCodes reads one table: a count, then nine bytes for each code structure.
func (s *section) readCodes(c *cursor) ([]code, error) {
	count := int(c.u16())
	if c.short || count == 0 || count > maxStructures || c.left() < 9*count {
		return nil, s.fail(c.at, "a table of %d code structures does not fit", count)
	}
	codes := make([]code, 0, count)
	for range count {
		at := c.at
		prefixBits, totalBits, mode := c.u8(), c.u8(), c.u8()
		value, base := int16(c.u16()), c.u32()
		if prefixBits < 1 || prefixBits > maxPrefix || totalBits < prefixBits || totalBits-prefixBits > maxLiteral {
			return nil, s.fail(at, "code of %d prefix bits and %d bits in all", prefixBits, totalBits)
		}
		k := code{
			// The base code is stored with the first bit as the least significant.
			prefix:     bits.Reverse32(base) >> (32 - prefixBits),
			prefixBits: prefixBits, literalBits: totalBits - prefixBits, value: value,
		}
		if k.literalBits > 0 && value != 0 {
			// Readers in use disagree whether to add the value to the literal.
			return nil, s.fail(at, "code with both %d literal bits and base value %d", k.literalBits, value)
		}
		if mode == 0 {
			k.toTable, k.value, k.literalBits = true, value-1, 0
			if totalBits != prefixBits {
				return nil, s.fail(at, "table switch with literal bits")
			}
		}
		codes = append(codes, k)
	}
	return codes, nil
}

// fill builds the table and refuses codes of which one begins another.
func (t *table) fill(s *section, at int, codes []code, tables int) error {
	for i, k := range codes {
		if k.toTable && (k.value < 0 || int(k.value) >= tables) {
			return s.fail(at, "code structure %d switches to table %d of %d", i+1, int(k.value)+1, tables)
		}
		if k.prefixBits > directBits {
			for _, other := range t.long {
				if n := min(k.prefixBits, other.prefixBits); k.prefix>>(k.prefixBits-n) == other.prefix>>(other.prefixBits-n) {
					return s.fail(at, "code structure %d begins like another", i+1)
				}
			}
			t.long = append(t.long, k)
			continue
		}
		first := k.prefix << (directBits - k.prefixBits)
		for slot := first; slot < first+1<<(directBits-k.prefixBits); slot++ {
			if t.direct[slot].prefixBits != 0 {
				return s.fail(at, "code structure %d begins like another", i+1)
			}
			t.direct[slot] = k
		}
	}
	for i, k := range t.long {
		if t.direct[k.prefix>>(k.prefixBits-directBits)].prefixBits != 0 {
			return s.fail(at, "long code %d begins like another", i+1)
		}
	}
	return nil
}

// find returns the code at the head of the bits in window, whose most
// significant bit comes first; prefixBits is 0 if there is none.
func (t *table) find(window uint64) code {
	if k := t.direct[window>>(64-directBits)]; k.prefixBits != 0 {
		return k
	}
	for _, k := range t.long {
		if uint32(window>>32)>>(32-k.prefixBits) == k.prefix {
			return k
		}
	}
	return code{}
}

// bitReader hands out the bits of data, most significant first.
type bitReader struct {
	data []byte
	at   int // bits taken
}

// peek returns the next bits in the high end of a word: at least 57 of them, or
// as many as are left, then zeros.
func (b *bitReader) peek() uint64 {
	i := b.at >> 3
	if i+8 <= len(b.data) {
		return binary.BigEndian.Uint64(b.data[i:]) << (b.at & 7)
	}
	var tail [8]byte
	if i < len(b.data) {
		copy(tail[:], b.data[i:])
	}
	return binary.BigEndian.Uint64(tail[:]) << (b.at & 7)
}

func (b *bitReader) left() int { return len(b.data)*8 - b.at }
