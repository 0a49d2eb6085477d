package deident

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"math/big"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// hash is a keyed hash of a value in its own domain, so that equal values of
// different kinds have nothing in common.
func (z *Deidentifier) hash(domain, value string) []byte {
	h := hmac.New(sha256.New, z.key)
	h.Write([]byte(domain))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return h.Sum(nil)
}

// pseudonym is 12 letters and digits behind one letter that tells its kind:
// 60 bits, so that two patients of a billion share one with a chance below one
// half.
func (z *Deidentifier) pseudonym(kind, value string) string {
	return kind + base32.StdEncoding.EncodeToString(z.hash(kind, value))[:12]
}

// uid replaces a UID. Those of the standard stay: they name no instance.
func (z *Deidentifier) uid(s string) string {
	if s == "" || strings.HasPrefix(s, "1.2.840.10008.") {
		return s
	}
	u := z.hash("uid", s)[:16]
	u[6] = u[6]&0x0F | 0x80 // RFC 9562 version 8
	u[8] = u[8]&0x3F | 0x80
	return "2.25." + new(big.Int).SetBytes(u).String()
}

// patientOf is what tells patients apart: the ID and its issuer, without one
// the name and birth date.
func (z *Deidentifier) patientOf(d *dicom.Dataset) string {
	if id := d.Text(dicom.PatientID); id != "" {
		return id + "\x00" + d.Text(dicom.IssuerOfPatientID)
	}
	return d.Text(dicom.PatientName) + "\x01" + d.Text(dicom.PatientBirthDate)
}

// days is how far a patient's dates are moved into the past: whole weeks, one
// to ten years.
func (p *pass) days() int {
	n := binary.BigEndian.Uint32(p.hash("days", p.patient))
	return -7 * int(52+n%470)
}
