package scpecg

import "strconv"

// leadName returns the name of a lead identification of section 3, table 4:
// the usual spelling where a lead has one, else SCP's own, else "SCP lead N".
func leadName(id byte) string {
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
	}
	if int(id) < len(names) && names[id] != "" {
		return names[id]
	}
	return "SCP lead " + strconv.Itoa(int(id))
}
