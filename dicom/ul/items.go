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
	itemRoleSelection      byte = 0x54
	itemImplementationName byte = 0x55
	itemExtended           byte = 0x56
	itemUserIdentity       byte = 0x58
	itemIdentityResponse   byte = 0x59
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
// us; others are passed over.
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
		case itemIdentityResponse:
			a.IdentityResponse = true
		case itemRoleSelection:
			return a.readRole(v)
		case itemExtended:
			return a.readExtended(v)
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
	b = a.appendNegotiation(b)
	closeItem(b, at)
	return b
}

// splitUID takes the UID with its length of two bytes off the front of a
// sub-item.
func splitUID(b []byte) (uid string, rest []byte, err error) {
	if len(b) < 2 {
		return "", nil, invalid("negotiation item of %d bytes", len(b))
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-2 {
		return "", nil, invalid("UID of %d bytes in a negotiation item of %d", n, len(b))
	}
	return trimUID(b[2 : 2+n]), b[2+n:], nil
}

// readRole reads a role selection sub-item, PS3.7 Table D.3-9.
func (a *Associate) readRole(b []byte) error {
	uid, rest, err := splitUID(b)
	if err != nil {
		return err
	}
	if len(rest) < 2 {
		return invalid("role selection without roles")
	}
	if len(a.Roles) < MaxContexts {
		a.Roles = append(a.Roles, Role{SOPClass: uid, SCU: rest[0] == 1, SCP: rest[1] == 1})
	}
	return nil
}

// readExtended reads a SOP class extended negotiation sub-item, PS3.7 Table
// D.3-11.
func (a *Associate) readExtended(b []byte) error {
	uid, rest, err := splitUID(b)
	if err == nil && len(a.Extended) < MaxContexts {
		a.Extended = append(a.Extended, Extended{SOPClass: uid, Info: bytes.Clone(rest)})
	}
	return err
}

// appendNegotiation writes roles, extended negotiation and user identity.
func (a *Associate) appendNegotiation(b []byte) []byte {
	for _, r := range a.Roles {
		var at int
		b, at = openItem(b, itemRoleSelection)
		b = appendUID(b, r.SOPClass)
		b = append(b, oneIf(r.SCU), oneIf(r.SCP))
		closeItem(b, at)
	}
	for _, e := range a.Extended {
		var at int
		b, at = openItem(b, itemExtended)
		b = append(appendUID(b, e.SOPClass), e.Info...)
		closeItem(b, at)
	}
	if id := a.Identity; id != nil {
		var at int
		b, at = openItem(b, itemUserIdentity)
		b = append(b, id.Type, oneIf(id.ResponseRequested))
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(id.Primary))), id.Primary...)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(id.Secondary))), id.Secondary...)
		closeItem(b, at)
	}
	if a.IdentityResponse { // of length 0: no server ticket or token is given
		b = append(b, itemIdentityResponse, 0, 0, 2, 0, 0)
	}
	return b
}

func appendUID(b []byte, uid string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(uid))), uid...)
}

func oneIf(on bool) byte {
	if on {
		return 1
	}
	return 0
}
