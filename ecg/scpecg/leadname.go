package scpecg

import (
	"strconv"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// leadName returns the name of a lead identification of section 3, or "SCP lead
// N" for numbers the standard leaves open.
func leadName(id byte) string {
	if name := ecg.LeadOfCode(int(id)); name != "" {
		return name
	}
	return "SCP lead " + strconv.Itoa(int(id))
}
