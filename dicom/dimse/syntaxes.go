package dimse

import (
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Verification is the SOP class of C-ECHO.
const Verification = "1.2.840.10008.1.1"

// knownSyntaxes are the transfer syntaxes of PS3.6 Table A-1 in which a data
// set comes whole, retired ones included, and one of old GE machines. JPIP
// (the pixels stay with the sender), SMPTE ST 2110, MIME and XML are left out.
var knownSyntaxes = func() map[string]bool {
	known := map[string]bool{
		"1.2.840.10008.1.2": true, "1.2.840.10008.1.2.1": true, "1.2.840.10008.1.2.1.98": true,
		"1.2.840.10008.1.2.1.99": true, "1.2.840.10008.1.2.2": true, "1.2.840.10008.1.2.5": true,
		"1.2.840.10008.1.2.8.1": true, "1.2.840.113619.5.2": true,
	}
	for _, codec := range []string{
		"50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64", "65", "66", "70", // JPEG
		"80", "81", // JPEG-LS
		"90", "91", "92", "93", // JPEG 2000
		"100", "100.1", "101", "101.1", "102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1", // MPEG
		"107", "108", // HEVC
		"110", "111", "112", // JPEG XL
		"201", "202", "203", // HTJ2K
	} {
		known["1.2.840.10008.1.2.4."+codec] = true
	}
	return known
}()

// chooseSyntax picks one of the transfer syntaxes proposed for a context, ""
// if we take none of them. It is the first one we know, because a sender
// names first what it has; only implicit VR and big endian give way to
// explicit VR little endian, which loses no VR and which every sender that
// offers it can write.
func chooseSyntax(proposed []string) dicom.TransferSyntax {
	var first dicom.TransferSyntax
	explicit := false
	for _, s := range proposed {
		if first == "" && knownSyntaxes[s] {
			first = dicom.TransferSyntax(s)
		}
		explicit = explicit || s == string(dicom.ExplicitVRLittleEndian)
	}
	if explicit && (first == dicom.ImplicitVRLittleEndian || first == dicom.ExplicitVRBigEndian) {
		return dicom.ExplicitVRLittleEndian
	}
	return first
}

// chooseNative picks an uncompressed transfer syntax, explicit VR little endian
// first; "" if none is proposed.
func chooseNative(proposed []string) dicom.TransferSyntax {
	for _, ts := range []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.ExplicitVRBigEndian, dicom.DeflatedExplicitVRLittleEndian} {
		if slices.Contains(proposed, string(ts)) {
			return ts
		}
	}
	return ""
}
