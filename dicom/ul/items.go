package ul

import (
	"bytes"
	"encoding/binary"
)

// Item types of A-ASSOCIATE PDUs, PS3.8 section 9.3.2 and PS3.7 annex D.3.3.
const (
	itemApplicationContext byte = 0x10
	itemContextRQ          byte = 0x20
	itemContextAC          byte = 0x21
	itemAbstractSyntax     byte = 0x30
	itemTransferSyntax     byte = 0x40
	itemUserInformation    byte = 0x50
	itemMaxLength          byte = 0x51
	itemImplementationUID  byte = 0x52
	itemAsyncOperations    byte = 0x53
	itemImplementationName byte = 0x55
	itemUserIdentity       byte = 0x58
)

const itemHeaderLength = 4

// eachItem calls f for every item in b: a type, a reserved byte, a length of
// two bytes and a value.
func eachItem(b []byte, f func(item byte, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < itemHeaderLength {
			return invalid("%d stray bytes after the last item", len(b))
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if itemHeaderLength+n > len(b) {
			return invalid("item %#02x of %d bytes where %d are left", b[0], n, len(b)-itemHeaderLength)
		}
		if err := f(b[0], b[itemHeaderLength:itemHeaderLength+n]); err != nil {
			return err
		}
		b = b[itemHeaderLength+n:]
	}
	return nil
}

// openItem begins an item whose length is not known yet; closeItem sets it.
func openItem(b []byte, item byte) (out []byte, at int) {
	return append(b, item, 0, 0, 0), len(b)
}

func closeItem(b []byte, at int) {
	binary.BigEndian.PutUint16(b[at+2:], uint16(len(b)-at-itemHeaderLength))
}

func appendItem(b []byte, item byte, value string) []byte {
	b, at := openItem(b, item)
	b = append(b, value...)
	closeItem(b, at)
	return b
}

// readUserInformation reads the sub-items of PS3.7 annex D.3.3 that matter to
// us. Role selection and extended negotiation are not answered, which PS3.7
// defines as the default roles and no extension.
func (a *Associate) readUserInformation(b []byte) error {
	return eachItem(b, func(item byte, v []byte) error {
		switch item {
		case itemMaxLength:
			if len(v) != 4 {
				return invalid("maximum length item of %d bytes", len(v))
			}
			a.MaxPDU = binary.BigEndian.Uint32(v)
		case itemImplementationUID:
			a.ImplementationClassUID = trimUID(v)
		case itemImplementationName:
			a.ImplementationVersion = trimTitle(v[:min(len(v), aeTitleLength)])
		case itemAsyncOperations:
			a.AsyncOperations = true
		case itemUserIdentity:
			id, err := parseIdentity(v)
			if err != nil {
				return err
			}
			a.Identity = id
		}
		return nil
	})
}

// parseIdentity reads a user identity sub-item, PS3.7 Table D.3-14.
func parseIdentity(b []byte) (*UserIdentity, error) {
	const fixed = 6 // type, response, two lengths
	if len(b) < fixed {
		return nil, invalid("user identity item of %d bytes", len(b))
	}
	p := int(binary.BigEndian.Uint16(b[2:]))
	if p > len(b)-fixed {
		return nil, invalid("user identity of %d bytes in an item of %d", p, len(b))
	}
	s := int(binary.BigEndian.Uint16(b[4+p:]))
	if s > len(b)-fixed-p {
		return nil, invalid("user passcode of %d bytes in an item of %d", s, len(b))
	}
	return &UserIdentity{ // cloned, because it outlives the PDU
		Type: b[0], ResponseRequested: b[1] == 1,
		Primary: bytes.Clone(b[4 : 4+p]), Secondary: bytes.Clone(b[fixed+p : fixed+p+s]),
	}, nil
}

func (a *Associate) appendUserInformation(b []byte) []byte {
	b, at := openItem(b, itemUserInformation)
	b = append(b, itemMaxLength, 0, 0, 4)
	b = binary.BigEndian.AppendUint32(b, a.MaxPDU)
	b = appendItem(b, itemImplementationUID, a.ImplementationClassUID)
	if a.AsyncOperations {
		b = append(b, itemAsyncOperations, 0, 0, 4, 0, 1, 0, 1)
	}
	if a.ImplementationVersion != "" {
		b = appendItem(b, itemImplementationName, a.ImplementationVersion)
	}
	closeItem(b, at)
	return b
}
