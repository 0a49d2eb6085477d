package api

import (
	"bytes"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
)

// sniffed is how much of a codestream is read to tell what it is.
const sniffed = 64 << 10

// syntaxOf tells the transfer syntax of pixel data that came as bulk data: as
// its media type says, by parameter or by what the codestream is.
func (d *described) syntaxOf(ds *dicom.Dataset, p bulkPart) (dicom.TransferSyntax, error) {
	if ts := dicom.TransferSyntax(p.kind.Params["transfer-syntax"]); ts != "" {
		if ts == dicom.ImplicitVRLittleEndian {
			return dicom.ExplicitVRLittleEndian, nil // the samples are the same
		}
		if mediaOf(ts) == "" && ts != dicom.ExplicitVRLittleEndian {
			return "", &errBulk{dicom.PixelData, "it is in a transfer syntax that bulk data cannot have"}
		}
		return ts, nil
	}
	head := make([]byte, min(sniffed, p.length))
	if _, err := io.ReadFull(io.NewSectionReader(d.spool, p.off, p.length), head); err != nil {
		return "", err
	}
	var ts dicom.TransferSyntax
	switch p.kind.Type {
	case web.Octets, "":
		if ts = dicom.TransferSyntax(ds.Text(dicom.AvailableTransferSyntaxUID)); mediaOf(ts) != "" {
			return ts, nil
		}
		return dicom.ExplicitVRLittleEndian, nil
	case web.JPEG:
		ts = jpegSyntax(head)
	case "image/jls", "image/x-jls":
		ts = jpegLSSyntax(head)
	case "image/jp2":
		ts = codestream(head, dicom.JPEG2000)
	case "image/jpx":
		ts = codestream(head, dicom.JPEG2000MC)
	case "image/jphc":
		ts = codestream(head, dicom.HTJ2K)
	case "image/jxl":
		ts = dicom.JPEGXL
	case "image/dicom-rle", "image/x-dicom-rle":
		ts = dicom.RLELossless
	case "video/mpeg2", "video/mpeg":
		ts = dicom.MPEG2MPML
	case "video/mp4":
		ts = dicom.MPEG4HP41
	}
	if ts == "" {
		return "", &errBulk{dicom.PixelData, "its bulk data is not what its media type says"}
	}
	return ts, nil
}

// jpegSyntax tells the process of a JPEG codestream by its frame header
// (ISO/IEC 10918-1 B.2.2), of lossless ones also by the predictor (B.2.3).
func jpegSyntax(b []byte) dicom.TransferSyntax {
	if !bytes.HasPrefix(b, []byte{0xFF, 0xD8}) {
		return ""
	}
	lossless := false
	for i := 2; i+4 <= len(b) && b[i] == 0xFF; {
		length := int(b[i+2])<<8 | int(b[i+3])
		switch b[i+1] {
		case 0xC0:
			return dicom.JPEGBaseline8Bit
		case 0xC1:
			return dicom.JPEGExtended12Bit
		case 0xC2:
			return dicom.JPEGFullProgression
		case 0xC3:
			lossless = true
		case 0xDA:
			if at := i + 2 + length - 3; lossless && at < len(b) && b[at] == 1 {
				return dicom.JPEGLosslessSV1
			}
			if lossless {
				return dicom.JPEGLossless
			}
			return ""
		case 0xFF: // a fill byte
			i++
			continue
		}
		i += 2 + length
	}
	return ""
}

// jpegLSSyntax tells lossless from near-lossless by NEAR (ISO/IEC 14495-1 C.2.3).
func jpegLSSyntax(b []byte) dicom.TransferSyntax {
	if !bytes.HasPrefix(b, []byte{0xFF, 0xD8}) {
		return ""
	}
	for i := 2; i+4 <= len(b) && b[i] == 0xFF; {
		length := int(b[i+2])<<8 | int(b[i+3])
		if b[i+1] == 0xDA {
			if at := i + 2 + length - 3; at < len(b) && b[at] == 0 {
				return dicom.JPEGLSLossless
			}
			return dicom.JPEGLSNearLossless
		}
		i += 2 + length
	}
	return ""
}

// codestream takes ts for what starts as a JPEG 2000 codestream does
// (ISO/IEC 15444-1 A.4.1); DICOM has no file format around it.
func codestream(b []byte, ts dicom.TransferSyntax) dicom.TransferSyntax {
	if bytes.HasPrefix(b, []byte{0xFF, 0x4F, 0xFF, 0x51}) {
		return ts
	}
	return ""
}
