package xmltree

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
)

// UTF8 returns the document as UTF-8: by its byte order mark, else by its
// declaration, else by its bytes. The result may share memory with data.
func UTF8(data []byte) (text []byte, set string, guessed bool, err error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		return checked(data[3:])
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		text, err = fromUTF16(data[2:], binary.LittleEndian)
		return text, "utf-16", false, err
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		text, err = fromUTF16(data[2:], binary.BigEndian)
		return text, "utf-16", false, err
	case bytes.HasPrefix(data, []byte{'<', 0}):
		text, err = fromUTF16(data, binary.LittleEndian)
		return text, "utf-16", true, err
	case bytes.HasPrefix(data, []byte{0, '<'}):
		text, err = fromUTF16(data, binary.BigEndian)
		return text, "utf-16", true, err
	}
	return byDeclaration(data)
}

func checked(data []byte) ([]byte, string, bool, error) {
	if !utf8.Valid(data) {
		return guess(data)
	}
	return data, charset.UTF8, false, nil
}

func guess(data []byte) ([]byte, string, bool, error) {
	text, set := charset.Guess(data)
	return []byte(text), set, true, nil
}

// byDeclaration handles sets of single bytes and multi-byte sets that contain
// ASCII. A declaration the bytes belie, such as UTF-8 over GBK, is overruled.
func byDeclaration(data []byte) ([]byte, string, bool, error) {
	label := strings.ToLower(declared(data))
	// A file in which a UTF-16 declaration can be read is not in UTF-16.
	if label == "" || label == "utf-8" || label == "utf8" || strings.HasPrefix(label, "utf-16") {
		if utf8.Valid(data) {
			return data, charset.UTF8, false, nil
		}
		return guess(data)
	}
	if ascii(data) {
		return data, label, false, nil
	}
	if text, ok := charset.Decode(label, data); ok {
		return []byte(text), label, false, nil
	}
	return guess(data)
}

// declared returns the encoding an XML declaration at the start of data names.
func declared(data []byte) string {
	head := bytes.TrimLeft(data[:min(len(data), 256)], " \t\r\n")
	if !bytes.HasPrefix(head, []byte("<?xml")) {
		return ""
	}
	end := bytes.Index(head, []byte("?>"))
	at := bytes.Index(head, []byte("encoding"))
	if end < 0 || at < 0 || at > end {
		return ""
	}
	rest := bytes.TrimLeft(head[at+len("encoding"):end], " \t=")
	if len(rest) < 2 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	i := bytes.IndexByte(rest[1:], rest[0])
	if i < 0 {
		return ""
	}
	return string(bytes.TrimSpace(rest[1 : 1+i]))
}

func ascii(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func fromUTF16(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data)%2 != 0 {
		return nil, &Error{Offset: int64(len(data)), Reason: "UTF-16 text of an odd number of bytes"}
	}
	out := make([]byte, 0, len(data)/2+16)
	for i := 0; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(data) {
			r = utf16.DecodeRune(r, rune(order.Uint16(data[i+2:])))
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}
