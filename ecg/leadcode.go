package ecg

// LeadOfCode returns the lead with number code in the list that SCP-ECG (ISO
// 11073-91064 table 4), DICOM ("5.6.3-9-N", "2:N", PS3.16 CID 3001) and MFER
// (ISO 22077-1) share, in its usual spelling; "" if the list has none. A "d"
// before a name means derived, as there.
func LeadOfCode(code int) string {
	names := [...]string{
		1: "I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V2R",
		11: "V3R", "V4R", "V5R", "V6R", "V7R", "X", "Y", "Z", "CC5", "CM5",
		21: "LA", "RA", "LL", "fI", "fE", "fC", "fA", "fM", "fF", "fH",
		31: "dI", "dII", "dV1", "dV2", "dV3", "dV4", "dV5", "dV6", "dV7", "dV2R",
		41: "dV3R", "dV4R", "dV5R", "dV6R", "dV7R", "dX", "dY", "dZ", "dCC5", "dCM5",
		51: "dLA", "dRA", "dLL", "dfI", "dfE", "dfC", "dfA", "dfM", "dfF", "dfH",
		61: "III", "aVR", "aVL", "aVF", "-aVR", "V8", "V9", "V8R", "V9R", "D",
		71: "A", "J", "Defib", "Extern", "A1", "A2", "A3", "A4", "dV8", "dV9",
		81: "dV8R", "dV9R", "dD", "dA", "dJ", "Chest", "V", "VR", "VL", "VF",
		91: "MCL", "MCL1", "MCL2", "MCL3", "MCL4", "MCL5", "MCL6", "CC", "CC1", "CC2",
		101: "CC3", "CC4", "CC6", "CC7", "CM", "CM1", "CM2", "CM3", "CM4", "CM6",
		111: "dIII", "daVR", "daVL", "daVF", "d-aVR", "dChest", "dV", "dVR", "dVL", "dVF",
		121: "CM7", "CH5", "CS5", "CB5", "CR5", "ML", "AB1", "AB2", "AB3", "AB4",
		131: "ES", "AS", "AI", "S",
	}
	if code < 0 || code >= len(names) {
		return ""
	}
	return names[code]
}
