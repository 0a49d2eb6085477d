package dimse

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Command fields, PS3.7 annex E.1. A response has the high bit set.
const (
	cStore       uint16 = 0x0001
	cGet         uint16 = 0x0010
	cFind        uint16 = 0x0020
	cMove        uint16 = 0x0021
	cEcho        uint16 = 0x0030
	nEventReport uint16 = 0x0100
	nGet         uint16 = 0x0110
	nSet         uint16 = 0x0120
	nAction      uint16 = 0x0130
	nCreate      uint16 = 0x0140
	nDelete      uint16 = 0x0150
	cCancel      uint16 = 0x0FFF
	responseBit  uint16 = 0x8000
)

// noDataSet is the Command Data Set Type of a message that ends with its
// command; any other value announces a data set.
const noDataSet uint16 = 0x0101

// aDataSet is what we write to announce one.
const aDataSet uint16 = 0x0001

// maxCommand bounds a command set, in bytes. Real ones have about 200.
const maxCommand = 64 << 10

// command is a command set, PS3.7 section 6.3 and annex E. Empty strings and
// nil are absent elements.
type command struct {
	affectedClass       string    // (0000,0002)
	requestedClass      string    // (0000,0003)
	field               uint16    // (0000,0100)
	messageID           uint16    // (0000,0110), of a request
	respondedTo         uint16    // (0000,0120), of a response or a cancel
	moveDestination     string    // (0000,0600), of a C-MOVE request
	priority            uint16    // (0000,0700), of a C request but C-ECHO
	dataSetType         uint16    // (0000,0800)
	status              Status    // (0000,0900) to (0000,0903) and (0000,1005), of a response
	affectedInstance    string    // (0000,1000)
	requestedInstance   string    // (0000,1001)
	eventType           uint16    // (0000,1002), of an N-EVENT-REPORT
	actionType          uint16    // (0000,1008), of an N-ACTION
	progress            *Progress // (0000,1020) to (0000,1023), of a C-MOVE or C-GET response
	moveOriginator      string    // (0000,1030)
	moveOriginatorMsgID uint16    // (0000,1031)
	stray               []byte    // what follows a response's group 0000: a data set in the wrong place
}

func (c *command) isResponse() bool { return c.field&responseBit != 0 }
func (c *command) normalized() bool { return c.field&^responseBit>>8 == 1 }
func (c *command) hasDataSet() bool { return c.dataSetType != noDataSet }

// parseCommand reads a command set: implicit VR little endian, group 0000.
// Elements it does not know are passed over.
func parseCommand(b []byte) (command, error) {
	c := command{dataSetType: noDataSet}
	var seenField bool
	for at := 0; at < len(b); {
		if len(b)-at < 8 {
			return c, fmt.Errorf("command set: %d stray bytes at offset %d", len(b)-at, at)
		}
		group, element := binary.LittleEndian.Uint16(b[at:]), binary.LittleEndian.Uint16(b[at+2:])
		n := binary.LittleEndian.Uint32(b[at+4:])
		if group != 0 && c.isResponse() { // so Orthanc names the instances that it failed to send
			c.stray = b[at:]
			break
		}
		if group != 0 {
			return c, fmt.Errorf("command set: element (%04X,%04X) at offset %d", group, element, at)
		}
		if int64(n) > int64(len(b)-at-8) {
			return c, fmt.Errorf("command set: element (0000,%04X) at offset %d claims %d bytes", element, at, n)
		}
		at += 8
		if err := c.set(element, b[at:at+int(n)]); err != nil {
			return c, err
		}
		seenField = seenField || element == 0x0100
		at += int(n)
	}
	if !seenField {
		return c, fmt.Errorf("command set: no command field (0000,0100) in %d bytes", len(b))
	}
	return c, nil
}

// set takes the value of one element.
func (c *command) set(element uint16, v []byte) error {
	switch element {
	case 0x0002:
		c.affectedClass = trimUID(v)
	case 0x0003:
		c.requestedClass = trimUID(v)
	case 0x0600:
		c.moveDestination = strings.Trim(string(v), " \x00")
	case 0x0901, 0x1005:
		if len(v)%4 != 0 {
			return fmt.Errorf("command set: (0000,%04X) of %d bytes", element, len(v))
		}
		c.status.Offending = tags(v)
	case 0x0902:
		c.status.Comment = strings.Trim(string(v), " \x00")
	case 0x1000:
		c.affectedInstance = trimUID(v)
	case 0x1001:
		c.requestedInstance = trimUID(v)
	case 0x1030:
		c.moveOriginator = strings.Trim(string(v), " \x00")
	default:
		return c.setNumber(element, v)
	}
	return nil
}

// setNumber takes the value of an element of VR US.
func (c *command) setNumber(element uint16, v []byte) error {
	var to *uint16
	switch element {
	case 0x1020, 0x1021, 0x1022, 0x1023:
		return c.setProgress(element, v)
	case 0x1002:
		to = &c.eventType
	case 0x1008:
		to = &c.actionType
	case 0x0100:
		to = &c.field
	case 0x0110:
		to = &c.messageID
	case 0x0120:
		to = &c.respondedTo
	case 0x0700:
		to = &c.priority
	case 0x0800:
		to = &c.dataSetType
	case 0x0900:
		to = &c.status.Code
	case 0x0903:
		to = &c.status.ErrorID
	case 0x1031:
		to = &c.moveOriginatorMsgID
	default:
		return nil
	}
	if len(v) != 2 {
		return fmt.Errorf("command set: (0000,%04X) of %d bytes, not 2", element, len(v))
	}
	*to = binary.LittleEndian.Uint16(v)
	return nil
}

func (c *command) setProgress(element uint16, v []byte) error {
	if len(v) != 2 {
		return fmt.Errorf("command set: (0000,%04X) of %d bytes, not 2", element, len(v))
	}
	if c.progress == nil {
		c.progress = &Progress{}
	}
	*c.progress.counts()[element-0x1020] = int(binary.LittleEndian.Uint16(v))
	return nil
}

// tags reads a list of VR AT; len(v) is a multiple of 4.
func tags(v []byte) (list []dicom.Tag) {
	for ; len(v) > 0; v = v[4:] {
		tag := uint32(binary.LittleEndian.Uint16(v))<<16 | uint32(binary.LittleEndian.Uint16(v[2:]))
		list = append(list, dicom.Tag(tag))
	}
	return list
}

// append writes the command set with its group length, elements in order.
func (c *command) append(b []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(appendHeader(b, 0x0000, 4), 0)
	b = appendText(b, 0x0002, c.affectedClass, 0)
	b = appendText(b, 0x0003, c.requestedClass, 0)
	b = appendNumber(b, 0x0100, c.field)
	switch {
	case c.isResponse() || c.field == cCancel:
		b = appendNumber(b, 0x0120, c.respondedTo)
	default:
		b = appendNumber(b, 0x0110, c.messageID)
	}
	switch c.field {
	case cMove:
		b = appendText(b, 0x0600, c.moveDestination, ' ')
		fallthrough
	case cStore, cFind, cGet:
		b = appendNumber(b, 0x0700, c.priority)
	}
	b = appendNumber(b, 0x0800, c.dataSetType)
	if c.isResponse() {
		b = c.status.append(b, c.normalized())
	}
	b = appendText(b, 0x1000, c.affectedInstance, 0)
	b = appendText(b, 0x1001, c.requestedInstance, 0)
	switch c.field &^ responseBit {
	case nEventReport:
		b = appendNumber(b, 0x1002, c.eventType)
	case nAction:
		b = appendNumber(b, 0x1008, c.actionType)
	}
	if c.isResponse() && c.normalized() {
		b = appendTags(b, 0x1005, c.status.Offending)
	}
	if c.progress != nil {
		b = c.progress.append(b)
	}
	if c.moveOriginator != "" {
		b = appendText(b, 0x1030, c.moveOriginator, ' ')
		b = appendNumber(b, 0x1031, c.moveOriginatorMsgID)
	}
	binary.LittleEndian.PutUint32(b[start+8:], uint32(len(b)-start-12))
	return b
}

// append writes the elements of group 0000 from 0900 to 0903. The elements a
// normalized service is about follow later, as Attribute Identifier List.
func (s *Status) append(b []byte, normalized bool) []byte {
	b = appendNumber(b, 0x0900, s.Code)
	if !normalized {
		b = appendTags(b, 0x0901, s.Offending)
	}
	b = appendText(b, 0x0902, asciiComment(s.Comment), ' ')
	if s.ErrorID != 0 {
		b = appendNumber(b, 0x0903, s.ErrorID)
	}
	return b
}

// appendTags writes a list of VR AT, or nothing for none.
func appendTags(b []byte, element uint16, list []dicom.Tag) []byte {
	if len(list) == 0 {
		return b
	}
	b = appendHeader(b, element, 4*len(list))
	for _, t := range list {
		b = binary.LittleEndian.AppendUint16(b, uint16(t>>16))
		b = binary.LittleEndian.AppendUint16(b, uint16(t))
	}
	return b
}

func appendHeader(b []byte, element uint16, length int) []byte {
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, element)
	return binary.LittleEndian.AppendUint32(b, uint32(length))
}

func appendNumber(b []byte, element, v uint16) []byte {
	return binary.LittleEndian.AppendUint16(appendHeader(b, element, 2), v)
}

// appendText writes a string padded to an even length, or nothing for "".
func appendText(b []byte, element uint16, s string, pad byte) []byte {
	if s == "" {
		return b
	}
	b = append(appendHeader(b, element, len(s)+len(s)%2), s...)
	if len(s)%2 != 0 {
		b = append(b, pad)
	}
	return b
}

func trimUID(v []byte) string { return strings.TrimRight(string(v), " \x00") }
