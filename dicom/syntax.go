package dicom

// TransferSyntax is the UID that says how a data set is encoded, PS3.5
// section 10 and PS3.6 Table A-1. An unknown UID counts as explicit VR little
// endian with encapsulated pixel data, as PS3.5 A.4 asks of all newer ones.
type TransferSyntax string

// The transfer syntaxes the hub knows by name.
const (
	ImplicitVRLittleEndian         TransferSyntax = "1.2.840.10008.1.2"
	ExplicitVRLittleEndian         TransferSyntax = "1.2.840.10008.1.2.1"
	EncapsulatedUncompressed       TransferSyntax = "1.2.840.10008.1.2.1.98"
	DeflatedExplicitVRLittleEndian TransferSyntax = "1.2.840.10008.1.2.1.99"
	ExplicitVRBigEndian            TransferSyntax = "1.2.840.10008.1.2.2"
	JPEGBaseline8Bit               TransferSyntax = "1.2.840.10008.1.2.4.50"
	JPEGExtended12Bit              TransferSyntax = "1.2.840.10008.1.2.4.51"
	JPEGSpectralSelection          TransferSyntax = "1.2.840.10008.1.2.4.53"
	JPEGFullProgression            TransferSyntax = "1.2.840.10008.1.2.4.55"
	JPEGLossless                   TransferSyntax = "1.2.840.10008.1.2.4.57"
	JPEGLosslessSV1                TransferSyntax = "1.2.840.10008.1.2.4.70"
	JPEGLSLossless                 TransferSyntax = "1.2.840.10008.1.2.4.80"
	JPEGLSNearLossless             TransferSyntax = "1.2.840.10008.1.2.4.81"
	JPEG2000Lossless               TransferSyntax = "1.2.840.10008.1.2.4.90"
	JPEG2000                       TransferSyntax = "1.2.840.10008.1.2.4.91"
	JPEG2000MCLossless             TransferSyntax = "1.2.840.10008.1.2.4.92"
	JPEG2000MC                     TransferSyntax = "1.2.840.10008.1.2.4.93"
	JPIPReferenced                 TransferSyntax = "1.2.840.10008.1.2.4.94"
	JPIPReferencedDeflate          TransferSyntax = "1.2.840.10008.1.2.4.95"
	MPEG2MPML                      TransferSyntax = "1.2.840.10008.1.2.4.100"
	MPEG2MPHL                      TransferSyntax = "1.2.840.10008.1.2.4.101"
	MPEG4HP41                      TransferSyntax = "1.2.840.10008.1.2.4.102"
	MPEG4HP41BD                    TransferSyntax = "1.2.840.10008.1.2.4.103"
	MPEG4HP422D                    TransferSyntax = "1.2.840.10008.1.2.4.104"
	MPEG4HP423D                    TransferSyntax = "1.2.840.10008.1.2.4.105"
	MPEG4HP42STEREO                TransferSyntax = "1.2.840.10008.1.2.4.106"
	HEVCMP51                       TransferSyntax = "1.2.840.10008.1.2.4.107"
	HEVCM10P51                     TransferSyntax = "1.2.840.10008.1.2.4.108"
	JPEGXLLossless                 TransferSyntax = "1.2.840.10008.1.2.4.110"
	JPEGXLJPEGRecompression        TransferSyntax = "1.2.840.10008.1.2.4.111"
	JPEGXL                         TransferSyntax = "1.2.840.10008.1.2.4.112"
	HTJ2KLossless                  TransferSyntax = "1.2.840.10008.1.2.4.201"
	HTJ2KLosslessRPCL              TransferSyntax = "1.2.840.10008.1.2.4.202"
	HTJ2K                          TransferSyntax = "1.2.840.10008.1.2.4.203"
	JPIPHTJ2KReferenced            TransferSyntax = "1.2.840.10008.1.2.4.204"
	JPIPHTJ2KReferencedDeflate     TransferSyntax = "1.2.840.10008.1.2.4.205"
	RLELossless                    TransferSyntax = "1.2.840.10008.1.2.5"
	DeflatedImageFrame             TransferSyntax = "1.2.840.10008.1.2.8.1"

	// implicitVRBigEndianGE is a private syntax of old GE machines.
	implicitVRBigEndianGE TransferSyntax = "1.2.840.113619.5.2"
)

// Encapsulated says that pixel data comes as fragments (PS3.5 A.4).
func (t TransferSyntax) Encapsulated() bool {
	switch t {
	case "", ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian,
		DeflatedExplicitVRLittleEndian, implicitVRBigEndianGE,
		JPIPReferenced, JPIPReferencedDeflate, JPIPHTJ2KReferenced, JPIPHTJ2KReferencedDeflate:
		return false
	}
	return true
}

// Deflated says that the data set is compressed as a whole (PS3.5 A.5).
func (t TransferSyntax) Deflated() bool {
	return t == DeflatedExplicitVRLittleEndian || t == JPIPReferencedDeflate || t == JPIPHTJ2KReferencedDeflate
}

// BigEndian says that numbers have their high byte first (PS3.5 A.3).
func (t TransferSyntax) BigEndian() bool {
	return t == ExplicitVRBigEndian || t == implicitVRBigEndianGE
}

// Implicit says that elements carry no VR (PS3.5 A.1).
func (t TransferSyntax) Implicit() bool {
	return t == ImplicitVRLittleEndian || t == implicitVRBigEndianGE
}

// Name is the standard's name, or the UID itself of an unknown syntax.
func (t TransferSyntax) Name() string {
	if n, ok := syntaxNames[t]; ok {
		return n
	}
	return string(t)
}

var syntaxNames = map[TransferSyntax]string{
	ImplicitVRLittleEndian:         "Implicit VR Little Endian",
	ExplicitVRLittleEndian:         "Explicit VR Little Endian",
	EncapsulatedUncompressed:       "Encapsulated Uncompressed Explicit VR Little Endian",
	DeflatedExplicitVRLittleEndian: "Deflated Explicit VR Little Endian",
	ExplicitVRBigEndian:            "Explicit VR Big Endian",
	JPEGBaseline8Bit:               "JPEG Baseline (Process 1)",
	JPEGExtended12Bit:              "JPEG Extended (Process 2 & 4)",
	JPEGSpectralSelection:          "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)",
	JPEGFullProgression:            "JPEG Full Progression, Non-Hierarchical (Process 10 & 12)",
	JPEGLossless:                   "JPEG Lossless, Non-Hierarchical (Process 14)",
	JPEGLosslessSV1:                "JPEG Lossless, Non-Hierarchical, First-Order Prediction",
	JPEGLSLossless:                 "JPEG-LS Lossless",
	JPEGLSNearLossless:             "JPEG-LS Lossy (Near-Lossless)",
	JPEG2000Lossless:               "JPEG 2000 (Lossless Only)",
	JPEG2000:                       "JPEG 2000",
	JPEG2000MCLossless:             "JPEG 2000 Part 2 Multi-component (Lossless Only)",
	JPEG2000MC:                     "JPEG 2000 Part 2 Multi-component",
	JPIPReferenced:                 "JPIP Referenced",
	JPIPReferencedDeflate:          "JPIP Referenced Deflate",
	MPEG2MPML:                      "MPEG2 Main Profile / Main Level",
	MPEG2MPHL:                      "MPEG2 Main Profile / High Level",
	MPEG4HP41:                      "MPEG-4 AVC/H.264 High Profile / Level 4.1",
	MPEG4HP41BD:                    "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
	MPEG4HP422D:                    "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
	MPEG4HP423D:                    "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
	MPEG4HP42STEREO:                "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
	HEVCMP51:                       "HEVC/H.265 Main Profile / Level 5.1",
	HEVCM10P51:                     "HEVC/H.265 Main 10 Profile / Level 5.1",
	JPEGXLLossless:                 "JPEG XL Lossless",
	JPEGXLJPEGRecompression:        "JPEG XL JPEG Recompression",
	JPEGXL:                         "JPEG XL",
	HTJ2KLossless:                  "High-Throughput JPEG 2000 (Lossless Only)",
	HTJ2KLosslessRPCL:              "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)",
	HTJ2K:                          "High-Throughput JPEG 2000",
	JPIPHTJ2KReferenced:            "JPIP HTJ2K Referenced",
	JPIPHTJ2KReferencedDeflate:     "JPIP HTJ2K Referenced Deflate",
	RLELossless:                    "RLE Lossless",
	DeflatedImageFrame:             "Deflated Image Frame Compression",
	implicitVRBigEndianGE:          "Implicit VR Big Endian (GE private)",
}
